import { type ReactNode, useId, useLayoutEffect, useRef } from 'react';
import { Button } from './button.tsx';

type Props = {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** Takes nearly the whole page, for what is looked through; it then has a button that closes it. */
  readonly wide?: boolean;
};

/** A window over the page, for as long as it is rendered. Escape closes it, and the focus goes back to where it was. */
export function Dialog({ title, onClose, children, wide = false }: Props): ReactNode {
  const box = useRef<HTMLDialogElement>(null);
  const heading = useId();
  // While it still is part of the page: one that is gone gives no focus back.
  useLayoutEffect(() => {
    const dialog = box.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={box}
      className={wide ? 'dialog dialog-wide' : 'dialog'}
      aria-labelledby={heading}
      onCancel={onClose}
    >
      <div className="dialog-head">
        <h2 id={heading}>{title}</h2>
        {wide && <Button onPress={onClose}>Close</Button>}
      </div>
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
