import type { ReactNode } from 'react';

/** Scrolls a wide table within the page; by keyboard as well. */
export function TableBox({
  name,
  children,
}: {
  readonly name: string;
  readonly children: ReactNode;
}): ReactNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section className="table-box" tabIndex={0} aria-label={name}>
      {children}
    </section>
  );
}
