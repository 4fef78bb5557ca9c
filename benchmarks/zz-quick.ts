import { startFakeModel } from './fake-model.ts';
import { startPawl, startFloor } from './servers.ts';
import { runRound, median, endLags } from './measure.ts';
const model = await startFakeModel();
const f = await startFloor(model.url), p = await startPawl(model.url);
console.log('start', f.start_ms, p.start_ms, 'rss', f.rssMb(), p.rssMb());
for (let r=0;r<Number(process.argv[2]??2);r++) for (const c of [1,16,64]) {
  const n = c===1?150:800;
  const a = await runRound(f,{cases:n,concurrency:c}), b = await runRound(p,{cases:n,concurrency:c});
  console.log('c',c,'cpu', a.cpu_per_case.toFixed(2), b.cpu_per_case.toFixed(2), (b.cpu_per_case/a.cpu_per_case).toFixed(2), 'p50', median(a.cases.map(x=>x.total)).toFixed(2), median(b.cases.map(x=>x.total)).toFixed(2), 'ttft', median(b.cases.map(x=>x.ttft)).toFixed(2),'rate',a.cases_per_second.toFixed(0),b.cases_per_second.toFixed(0), 'lag', median(endLags(b,model)).toFixed(2));
}
console.log('rss', f.rssMb(), p.rssMb());
await f.dispose(); await p.dispose(); model.close();
