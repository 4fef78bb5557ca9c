import { type ReactNode, useEffect, useId, useRef } from 'react';
import { Button } from './button.tsx';

type Props = {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
};

/** A window over the page, for as long as it is rendered. Escape closes it, and the focus goes back to where it was. */
export function Dialog({ title, onClose, children }: Props): ReactNode {
  const box = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const dialog = box.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog ref={box} className="dialog" aria-labelledby={heading} onCancel={onClose}>
      <h2 id={heading}>{title}</h2>
      {children}
    </dialog>
  );
}

type ConfirmProps = {
  readonly title: string;
  /** What will happen, in full sentences. */
  readonly children: ReactNode;
  readonly does: string;
  readonly danger?: boolean;
  readonly busy: boolean;
  readonly onYes: () => void;
  readonly onClose: () => void;
};

/** Asks once more before something is done. */
export function Confirm({
  title,
  children,
  does,
  danger = false,
  busy,
  onYes,
  onClose,
}: ConfirmProps): ReactNode {
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      <div className="row row-end">
        <Button onPress={onClose}>Cancel</Button>
        <Button look={danger ? 'danger' : 'main'} busy={busy} onPress={onYes}>
          {does}
        </Button>
      </div>
    </Dialog>
  );
}
