import type { Blocker } from './capture.ts';

const BY_NAME: Readonly<Record<string, Blocker>> = {
  NotFoundError: 'missing',
  NotReadableError: 'busy',
  AbortError: 'busy',
  SecurityError: 'insecure',
  NotSupportedError: 'unsupported',
};

/** What an error of getUserMedia or getDisplayMedia means for the candidate. */
export async function blockerOf(error: unknown, device: 'camera' | 'microphone' | 'screen'): Promise<Blocker> {
  const { name = '', message = '' } = error as { name?: string; message?: string };
  if (name !== 'NotAllowedError') return BY_NAME[name] ?? 'failed';
  if (/system/i.test(message)) return 'denied-by-system';
  if (/dismiss/i.test(message) || device === 'screen') return 'dismissed';
  return (await permission(device))?.state === 'prompt' ? 'dismissed' : 'denied';
}

/** Null where the browser does not tell. */
export async function permission(device: 'camera' | 'microphone'): Promise<PermissionStatus | null> {
  try {
    return await navigator.permissions.query({ name: device });
  } catch {
    return null;
  }
}
