// Stands in for dist/worker.js: what it does is in the path it is asked for.
const { parentPort } = require('node:worker_threads');

const cancelledFailure = { type: 'failure', code: 2, message: 'Cancelled.' };

/** Rows that were analysed by this thread, to show that it was or was not replaced. */
let analysed = 0;

function perform({ name, params, cancelled }) {
  if (name === 'inspect') {
    return { type: 'result', result: { summary: { path: params.path }, fingerprint: params.path } };
  }
  if (name === 'compare') {
    const { a, b, options } = params;
    const report = ({ path, known }) => known?.report ?? { schema: path, spectrum: null, options, timings: { analysed: ++analysed } };
    return { type: 'result', result: { comparison: { a: report(a), b: report(b) }, fingerprints: { a: a.path, b: b.path } } };
  }
  if (name === 'doctor') return { type: 'result', result: [] };
  if (name === 'checkpoint') {
    analysed++;
    const checkpoint = { name: `attempt ${analysed}`, step: null, reports: { rows: [], numbers: new Float64Array(0) } };
    const result = { checkpoint, problems: [], unkept: null, deleted: { names: [], read: [] } };
    if (analysed > 1) return { type: 'result', result };
    parentPort.postMessage({ type: 'update', update: {} });
    while (Atomics.load(cancelled, 0) === 0);
    return cancelledFailure;
  }
  const post = (stage) => parentPort.postMessage({ type: 'update', update: { fraction: 0, stage, report: null } });
  switch (params.path) {
    case 'compute until cancelled':
      post('started');
      while (Atomics.load(cancelled, 0) === 0);
      return cancelledFailure;
    case 'ignore cancellation':
      post('started');
      for (;;);
    case 'throw':
      setImmediate(() => {
        throw new Error('out of the blue');
      });
      return null;
    case 'exit':
      process.exit(7);
      break;
    case 'fill the heap': {
      const heap = [];
      for (;;) heap.push(new Array(1e5).fill(heap.length).map(String));
    }
    case 'malformed':
      return { type: 'failure', code: 1, message: 'malformed at byte 3: expected another byte.' };
  }
  analysed++;
  post('started');
  const options = { ...params.options, normalize: params.options.normalize ?? true };
  const report = { schema: params.path, spectrum: null, options, timings: { analysed } };
  return { type: 'result', result: { report, fingerprint: params.path } };
}

parentPort.on('message', (task) => {
  const answer = perform(task);
  if (answer) parentPort.postMessage(answer);
});
