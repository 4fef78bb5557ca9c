import type { ReactNode } from 'react';
import { ApiError } from '../http/client.ts';
import { Failure } from '../parts/failure.tsx';
import { TableBox } from '../parts/table-box.tsx';
import { complaintsOf } from './case-file.ts';

/** What is wrong with cases, by their lines; any other failure as it is. */
export function Complaints({ error }: { readonly error: Error | null }): ReactNode {
  if (!(error instanceof ApiError) || error.code !== 'invalid_dataset') return <Failure error={error} />;
  const complaints = complaintsOf(error.message);
  return (
    <div className="failure" role="alert">
      <p>Nothing was changed: {complaints.length === 1 ? 'one thing is' : 'these things are'} wrong.</p>
      <TableBox name="What is wrong with the cases">
        <table>
          <caption className="unseen">What is wrong with the cases</caption>
          <thead>
            <tr>
              <th scope="col">Where</th>
              <th scope="col">What</th>
            </tr>
          </thead>
          <tbody>
            {complaints.map(({ place, text }) => (
              <tr key={`${place} ${text}`}>
                <td>{place ?? 'the whole'}</td>
                <td>{text}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableBox>
    </div>
  );
}
