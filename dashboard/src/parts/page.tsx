import { Link } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';

type Crumb = { readonly text: string; readonly to: string };

type Props = {
  readonly title: string;
  /** Where this page is below. */
  readonly under?: readonly Crumb[];
  /** What can be done here, beside the title. */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
};

/** A page: its title, where it belongs, and what can be done with what it shows. */
export function Page({ title, under = [], actions, children }: Props): ReactNode {
  useEffect(() => {
    document.title = `${title} · Pawl`;
  }, [title]);
  return (
    <>
      {under.length > 0 && (
        <nav aria-label="Where this page is" className="crumbs">
          {under.map(({ text, to }) => (
            <span key={to}>
              <Link to={to}>{text}</Link> <span aria-hidden="true">/</span>{' '}
            </span>
          ))}
        </nav>
      )}
      <header className="page-head">
        <h1>{title}</h1>
        <div className="row">{actions}</div>
      </header>
      {children}
    </>
  );
}
