import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { Button } from '../parts/button.tsx';
import { TextField } from '../parts/field.tsx';

/** Leads to the difference between any two versions. */
export function ComparePicker({
  agentId,
  newest,
}: {
  readonly agentId: string;
  readonly newest: number;
}): ReactNode {
  const [from, setFrom] = useState(String(Math.max(1, newest - 1)));
  const [to, setTo] = useState(String(newest));
  const navigate = useNavigate();
  if (newest === 1) return null;
  return (
    <form
      className="list-tools"
      onSubmit={(event) => {
        event.preventDefault();
        void navigate({ to: `/agents/${agentId}/diff`, search: { from, to } as never });
      }}
    >
      <TextField label="From version" type="number" value={from} onChange={setFrom} required />
      <TextField label="To version" type="number" value={to} onChange={setTo} required />
      <div className="field">
        <Button submits>Show the changes</Button>
      </div>
    </form>
  );
}
