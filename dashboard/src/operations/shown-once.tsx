import { type ReactNode, useState } from 'react';
import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { TextField } from '../parts/field.tsx';

type Props = {
  readonly title: string;
  /** What the secret is called. */
  readonly name: string;
  readonly secret: string;
  /** What it is good for. */
  readonly children: ReactNode;
  readonly onClose: () => void;
};

/** A secret that the server has just made: it is shown here, and nowhere again. */
export function ShownOnce({ title, name, secret, children, onClose }: Props): ReactNode {
  const [copied, setCopied] = useState<boolean | null>(null);

  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(secret);
      setCopied(true);
    } catch {
      setCopied(false);
    }
  }

  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      <p>
        <strong>It is shown this once.</strong> The server keeps nothing that it could be read from again.
      </p>
      <div className="secret">
        <TextField label={name} value={secret} onChange={() => {}} />
        <Button look="main" onPress={() => void copy()}>
          Copy
        </Button>
      </div>
      <p role="status">
        {copied === true && 'Copied.'}
        {copied === false &&
          'This browser does not let pages copy here: select the text, and copy it yourself.'}
      </p>
      <div className="row row-end">
        <Button onPress={onClose}>I have kept it</Button>
      </div>
    </Dialog>
  );
}
