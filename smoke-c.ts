import { Instance, outcome } from '/work/main/test/end-to-end/fixtures/instance.ts';
const i = new Instance();
try {
  let t = Date.now(); const lap = (w: string) => { console.log(w, Date.now() - t); t = Date.now(); };
  await i.start(); lap('server');
  await i.startWorker(); lap('worker');
  for (const settings of [{nodes: 20}, {nodes: 20}, {nodes: 20, kind: 'light', ms: 0}, {nodes: 20, ms: 1, kind: 'worker'}, {nodes:20, kind:'light', ms:0}]) {
    const r = await i.run({ pipeline: 'chain', settings }); lap('chain ' + JSON.stringify(settings));
    console.log(r.status, r.seconds, r.error ?? '', JSON.stringify(outcome(r)).slice(0, 200), i.executions().length);
  }
  const d = await i.run({ pipeline: 'diamond' }); lap('diamond'); console.log(JSON.stringify(d, null, 1).slice(0, 3000));
} finally { await i.stop(); }
