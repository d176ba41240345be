import { useState } from 'react';
import { Button, Failure, Row, Stack, TextArea } from './parts.tsx';

interface Props {
  label: string;
  rows: number;
  maxLength: number;
  /** Words of the button. */
  send: string;
  look?: 'plain' | 'primary';
  isBusy: boolean;
  fault: string | null;
  /** Gets the text without spaces around it, never empty. Resolves to whether it was taken: then the field is empty again. */
  onSend(text: string): Promise<boolean>;
}

/** A text that is sent as a whole; it stays in the field if that fails. */
export function TextForm({ label, rows, maxLength, send, look = 'plain', isBusy, fault, onSend }: Props) {
  const [text, setText] = useState('');
  const isEmpty = text.trim() === '';
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!isEmpty && !isBusy) void onSend(text.trim()).then((isTaken) => isTaken && setText(''));
      }}
    >
      <Stack>
        <TextArea label={label} rows={rows} maxLength={maxLength} value={text} onChange={setText} />
        <Failure>{fault}</Failure>
        <Row>
          <Button type="submit" look={look} disabled={isBusy || isEmpty}>
            {send}
          </Button>
        </Row>
      </Stack>
    </form>
  );
}
