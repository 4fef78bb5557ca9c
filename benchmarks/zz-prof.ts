import { startFakeModel } from './fake-model.ts';
import { startPawl } from './servers.ts';
import { runRound } from './measure.ts';
const model = await startFakeModel();
const p = await startPawl(model.url);
for (let i=0;i<3;i++) { const b = await runRound(p,{cases:1000,concurrency:16}); console.log(b.cpu_per_case, p.rssMb()); }
await p.kill('SIGTERM'); model.close();
