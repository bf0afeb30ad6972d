// Entry of the background process: JSON-RPC on the channel to the process that forked it.
import { join } from 'node:path';
import { type CancellationToken, createMessageConnection, IPCMessageReader, IPCMessageWriter, ResponseError } from 'vscode-jsonrpc/node';
import { version } from '../../package.json';
import { Engine } from './engine';
import {
  type AnalyzeUpdate,
  analyzeRequest,
  analyzeUpdates,
  compareRequest,
  doctorRequest,
  EngineError,
  ErrorCode,
  exitNotification,
  inspectRequest,
  type RunEvent,
  runChangedNotification,
  runRequest,
  shutdownRequest,
  watchRunsNotification,
} from './protocol';
import { RunSender } from './run-changes';
import { RunWatcher } from './run-watcher';

const connection = createMessageConnection(new IPCMessageReader(process), new IPCMessageWriter(process));
const engine = new Engine(join(__dirname, 'worker.js'));
const runs = new RunWatcher(engine, tell);
const sender = new RunSender();
const running = new Set<AbortController>();
let shuttingDown = false;

/** Runs a request so that its cancellation and the shutdown both reach it; a failure becomes an answer. */
async function answer<T>(token: CancellationToken, work: (signal: AbortSignal) => Promise<T>): Promise<T | ResponseError> {
  const controller = new AbortController();
  running.add(controller);
  const cancellation = token.onCancellationRequested(() => controller.abort(EngineError.cancelled()));
  try {
    // A token that was cancelled before it was made says so once, and fires no event.
    if (token.isCancellationRequested) throw EngineError.cancelled();
    if (shuttingDown) throw stopped();
    return await work(controller.signal);
  } catch (error) {
    if (error instanceof EngineError) return new ResponseError(error.code, error.message);
    console.error(error);
    return new ResponseError(ErrorCode.internal, error instanceof Error ? error.message : String(error));
  } finally {
    cancellation.dispose();
    running.delete(controller);
  }
}

function stopped(): EngineError {
  return new EngineError(ErrorCode.stopped, 'The engine was shut down.');
}

function updatesOf(token: number, signal: AbortSignal) {
  return (update: AnalyzeUpdate): void => {
    if (!signal.aborted) void connection.sendProgress(analyzeUpdates, token, update);
  };
}

function tell(event: RunEvent): void {
  if (event.kind === 'ended') sender.forget(event.run);
  const sent = event.kind === 'changed' ? { ...event, report: sender.change(event.report) } : event;
  void connection.sendNotification(runChangedNotification, sent);
}

connection.onRequest(inspectRequest, ({ path }, token) => answer(token, (signal) => engine.inspect(path, signal)));
connection.onRequest(analyzeRequest, (params, token) =>
  answer(token, (signal) => engine.analyze(params, signal, updatesOf(params.token, signal))),
);
connection.onRequest(compareRequest, (params, token) =>
  answer(token, (signal) => engine.compare(params, signal, updatesOf(params.token, signal))),
);
connection.onRequest(runRequest, (params, token) => answer(token, (signal) => engine.run(params, signal, updatesOf(params.token, signal))));
connection.onRequest(doctorRequest, (token) =>
  answer(token, async (signal) => ({
    version,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    backends: await engine.backendStatuses(signal),
  })),
);
connection.onNotification(watchRunsNotification, (set) => runs.watch(set));
connection.onRequest(shutdownRequest, () => {
  shuttingDown = true;
  runs.close();
  for (const controller of running) controller.abort(stopped());
  engine.close();
  return null;
});
connection.onNotification(exitNotification, () => process.exit(shuttingDown ? 0 : 1));
// The other end is gone, whatever became of it: nobody is left to work for.
process.once('disconnect', () => process.exit(0));
connection.listen();
