import { type ButtonHTMLAttributes, type InputHTMLAttributes, type ReactNode, type Ref, useEffect, useId, useRef } from 'react';
import styles from './parts.module.css';

const classes = (...names: (string | false | undefined)[]) => names.filter(Boolean).join(' ');

type Look = 'plain' | 'primary' | 'danger';

export function Button({ look = 'plain', className, ...rest }: ButtonHTMLAttributes<HTMLButtonElement> & { look?: Look }) {
  return <button type="button" {...rest} className={classes(styles['button'], look !== 'plain' && styles[look], className)} />;
}

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  hint?: string;
  /** What is wrong with what was entered. */
  fault?: string | null;
  ref?: Ref<HTMLInputElement>;
}

export function Field({ label, hint, fault, ...input }: FieldProps) {
  const id = useId();
  const described = [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(' ');
  return (
    <div className={styles['field']}>
      <label htmlFor={id}>{label}</label>
      {hint && (
        <span className={styles['hint']} id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {fault && (
        <span className={styles['missing']} id={`${id}-fault`}>
          {fault}
        </span>
      )}
      <input {...input} id={id} className={styles['input']} aria-invalid={Boolean(fault)} aria-describedby={described || undefined} />
    </div>
  );
}

export function TextArea({
  label,
  ...rest
}: { label: string; value: string; onChange(text: string): void } & { rows?: number; maxLength?: number; disabled?: boolean }) {
  const id = useId();
  return (
    <div className={styles['field']}>
      <label htmlFor={id}>{label}</label>
      <textarea {...rest} id={id} className={styles['input']} onChange={({ target }) => rest.onChange(target.value)} />
    </div>
  );
}

type Tone = 'plain' | 'warn' | 'bad' | 'good';

export const Callout = ({ tone = 'plain', children }: { tone?: Tone; children: ReactNode }) => (
  <div className={classes(styles['callout'], tone !== 'plain' && styles[tone])}>{children}</div>
);

/** What went wrong, told at once; nothing if nothing did. */
export const Failure = ({ children }: { children: ReactNode }) =>
  children ? (
    <div role="alert">
      <Callout tone="bad">{children}</Callout>
    </div>
  ) : null;

export const Row = ({ children }: { children: ReactNode }) => <div className={styles['row']}>{children}</div>;
export const Stack = ({ children }: { children: ReactNode }) => <div className={styles['stack']}>{children}</div>;
export const Quiet = ({ children }: { children: ReactNode }) => <p className={styles['quiet']}>{children}</p>;
export const Hidden = ({ children }: { children: ReactNode }) => <span className={styles['hidden']}>{children}</span>;

/** The title of a step, which takes the focus when the step begins: so everybody knows that the page has changed. */
export function Title({ children }: { children: ReactNode }) {
  const ref = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    ref.current?.focus();
    scrollTo(0, 0);
  }, []);
  return (
    <h1 ref={ref} tabIndex={-1}>
      {children}
    </h1>
  );
}

/** A video of a stream, silent: one hears oneself otherwise. */
export function StreamVideo({ stream, label, className }: { stream: MediaStream | null; label: string; className?: string | undefined }) {
  const ref = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const video = ref.current;
    if (!video || video.srcObject === stream) return;
    video.srcObject = stream;
    if (stream) video.play().catch(() => {});
  }, [stream]);
  return <video ref={ref} className={className} aria-label={label} muted playsInline autoPlay />;
}
