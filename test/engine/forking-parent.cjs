// A process that forks the engine (argument 1), has it analyse a file (argument 2), prints the engine's process id once that runs, and waits to be killed.
const { fork } = require('node:child_process');

const [engine, path] = process.argv.slice(2);
const child = fork(engine, [], { serialization: 'advanced' });
const options = { normalize: null, ridge: 1e-3, confidence: 0.95, rows: null, tolerance: null, seed: 0, backend: 'cpu' };
child.send({ jsonrpc: '2.0', id: 0, method: 'sigma/analyze', params: { path, tensor: '', options, priority: 'visible', token: 0 } });
child.once('message', (message) => console.log(message.method === '$/progress' ? child.pid : JSON.stringify(message)));
