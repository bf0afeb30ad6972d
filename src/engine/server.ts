// Entry of the background process: JSON-RPC on the channel to the process that forked it.
import { join } from 'node:path';
import { type CancellationToken, createMessageConnection, IPCMessageWriter, ResponseError } from 'vscode-jsonrpc/node';
import { version } from '../../package.json';
import type { CallGpu, GpuCall } from '../compute/gpu-calls';
import { Engine } from './engine';
import { SoundMessageReader, sound } from './messages';
import {
  type AnalyzeUpdate,
  analyzeRequest,
  analyzeUpdates,
  compareRequest,
  doctorRequest,
  EngineError,
  ErrorCode,
  exitNotification,
  gpuRequest,
  inspectRequest,
  type RunEvent,
  runChangedNotification,
  runRequest,
  shutdownRequest,
  watchRunsNotification,
} from './protocol';
import { RunSender } from './run-changes';
import { RunWatcher } from './run-watcher';

const connection = createMessageConnection(new SoundMessageReader(process), new IPCMessageWriter(process));
const callGpu = ((call: GpuCall) => connection.sendRequest(gpuRequest, call)) as CallGpu;
const engine = new Engine(join(__dirname, 'worker.js'), callGpu);
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
  if (event.kind !== 'changed') {
    void connection.sendNotification(runChangedNotification, event);
    return;
  }
  const { reports, change } = sender.change(event.report);
  for (const part of reports) void connection.sendNotification(runChangedNotification, { kind: 'reports', ...part });
  void connection.sendNotification(runChangedNotification, { ...event, report: change });
}

connection.onRequest(inspectRequest, (params, token) => answer(token, (signal) => engine.inspect(sound('inspect', params), signal)));
connection.onRequest(analyzeRequest, (params, token) =>
  answer(token, (signal) => engine.analyze(sound('analyze', params), signal, updatesOf(params.token, signal))),
);
connection.onRequest(compareRequest, (params, token) =>
  answer(token, (signal) => engine.compare(sound('compare', params), signal, updatesOf(params.token, signal))),
);
connection.onRequest(runRequest, (params, token) =>
  answer(token, (signal) => engine.run(sound('run', params), signal, updatesOf(params.token, signal))),
);
connection.onRequest(doctorRequest, (token) =>
  answer(token, async (signal) => ({
    version,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    ...(await engine.doctor(signal)),
  })),
);
connection.onNotification(watchRunsNotification, (set) => {
  try {
    runs.watch(sound('watchRuns', set));
  } catch (error) {
    // Nobody waits for an answer.
    console.error(error);
  }
});
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
