/** The style of a report's page, in light and in dark. */
export const pageStyle: string = `
:root { color-scheme: light dark; --ink: #1c2024; --dim: #60646c; --paper: #fff; --line: #d9d9e0; --panel: #f6f6f9;
  --pass: #18794e; --fail: #c62a2f; --open: #9a6700; --base: #8b8d98; --cand: #3358d4; }
@media (prefers-color-scheme: dark) { :root { --ink: #edeef0; --dim: #a9aeb8; --paper: #111113; --line: #363a3f;
  --panel: #1b1d20; --pass: #3dd68c; --fail: #ff9592; --open: #ffca16; --base: #777b84; --cand: #9eb1ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.25rem 4rem; color: var(--ink); background: var(--paper);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; line-height: 1.3; } h2 { font-size: 1.1rem; margin-top: 2.2rem; }
.verdict { display: inline-block; padding: .1rem .6rem; margin-right: .6rem; border-radius: .3rem; color: var(--paper);
  text-transform: uppercase; font-weight: 600; }
.verdict.pass { background: var(--pass); } .verdict.fail, .verdict.error { background: var(--fail); }
.verdict.inconclusive { background: var(--open); }
.dim, footer { color: var(--dim); } footer { margin-top: 3rem; font-size: .875rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--dim); font-weight: 600; } td.n, th.n { text-align: right; white-space: nowrap; }
td.pass { color: var(--pass); } td.fail, td.error { color: var(--fail); } td.inconclusive { color: var(--open); }
details { border: 1px solid var(--line); border-radius: .4rem; padding: .5rem .8rem; margin: .5rem 0; }
summary { cursor: pointer; } .lost { color: var(--fail); } .gained { color: var(--pass); }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: 0 1rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--panel); border-radius: .3rem; padding: .6rem;
  margin: .3rem 0; font-size: .8125rem; }
svg { display: block; width: 100%; height: auto; font-size: 13px; fill: var(--ink); }
svg .label { text-anchor: end; } svg .tick { text-anchor: middle; fill: var(--dim); } svg .zero { stroke: var(--line); }
svg .margin { stroke: var(--dim); stroke-dasharray: 3 2; } svg .interval { stroke: currentColor; stroke-width: 2; }
svg circle { fill: currentColor; } svg g { color: var(--base); } svg .pass { color: var(--pass); }
svg .fail, svg .error { color: var(--fail); } svg .inconclusive { color: var(--open); }
svg .track { fill: var(--panel); } svg .baseline { fill: var(--base); } svg .candidate { fill: var(--cand); }
`;
