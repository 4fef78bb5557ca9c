import type { ReactNode } from 'react';

type Props = {
  readonly children: ReactNode;
  readonly onPress?: () => void;
  /** `main` is what most people came for; `danger` cannot be taken back, or moves production. */
  readonly look?: 'main' | 'plain' | 'danger' | 'quiet';
  readonly busy?: boolean;
  /** Why it cannot be pressed; shown to whoever points at it or reads it out. */
  readonly disabledBecause?: string | null | undefined;
  readonly submits?: boolean;
};

/** Something to press. While it is busy or may not be pressed it keeps the focus and does nothing. */
export function Button({
  children,
  onPress,
  look = 'plain',
  busy = false,
  disabledBecause = null,
  submits = false,
}: Props): ReactNode {
  const off = busy || disabledBecause !== null;
  return (
    <button
      type={submits ? 'submit' : 'button'}
      className={`button button-${look}`}
      aria-disabled={off}
      aria-busy={busy}
      title={disabledBecause ?? undefined}
      onClick={(event) => {
        if (off) event.preventDefault();
        else onPress?.();
      }}
    >
      {children}
    </button>
  );
}
