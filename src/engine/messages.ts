import * as v from 'valibot';
import type { DataCallback, Disposable, Message } from 'vscode-jsonrpc/node';
import { IPCMessageReader } from 'vscode-jsonrpc/node';
import {
  type AnalyzeParams,
  type CompareParams,
  EngineError,
  ErrorCode,
  type InspectParams,
  type RunParams,
  type RunWatchSet,
} from './protocol';

const path = v.pipe(v.string(), v.nonEmpty());
const milliseconds = v.optional(v.pipe(v.number(), v.finite(), v.minValue(0)));
const options = v.looseObject({
  normalize: v.nullable(v.boolean()),
  ridge: v.pipe(v.number(), v.finite(), v.gtValue(0)),
  confidence: v.pipe(v.number(), v.gtValue(0), v.ltValue(1)),
  rows: v.nullable(v.pipe(v.number(), v.safeInteger(), v.minValue(1))),
  tolerance: v.nullable(v.pipe(v.number(), v.gtValue(0), v.ltValue(1))),
  seed: v.pipe(v.number(), v.safeInteger()),
  backend: v.picklist(['auto', 'webgpu', 'cpu']),
});
const place = v.looseObject({ path, tensor: v.string() });
const job = { options, priority: v.picklist(['visible', 'background']), token: v.pipe(v.number(), v.safeInteger()) } as const;
const folder = v.looseObject({ path, baseline: v.nullable(v.string()), controls: v.array(path), options });

/** What each message of the host may hold. Members that it has beside these are taken as they are. */
const MESSAGES = {
  inspect: v.looseObject({ path }),
  analyze: v.looseObject({ path, tensor: v.string(), ...job }),
  compare: v.looseObject({ a: place, b: place, ...job }),
  run: v.looseObject({ path, ...job }),
  watchRuns: v.looseObject({
    runs: v.array(folder),
    history: path,
    paused: v.optional(v.boolean()),
    quiet: milliseconds,
    interval: milliseconds,
  }),
};

interface Params {
  readonly inspect: InspectParams;
  readonly analyze: AnalyzeParams;
  readonly compare: CompareParams;
  readonly run: RunParams;
  readonly watchRuns: RunWatchSet;
}

/**
 * What was received, as it may be used.
 * @throws EngineError (internal) with what is wrong in it, and where
 */
export function sound<K extends keyof Params>(kind: K, received: unknown): Params[K] {
  const parsed = v.safeParse(MESSAGES[kind], received);
  if (parsed.success) return parsed.output as unknown as Params[K];
  const [issue] = parsed.issues;
  const where = v.getDotPath(issue);
  throw new EngineError(ErrorCode.internal, `The engine was asked what it does not understand (${where ?? kind}: ${issue.message}).`);
}

const cancellation = v.looseObject({ id: v.union([v.number(), v.string()]) });

/** The channel without what vscode-jsonrpc itself does not look at before it uses it, and which would end the process. */
export class SoundMessageReader extends IPCMessageReader {
  override listen(callback: DataCallback): Disposable {
    return super.listen((message) => {
      if (isSound(message)) callback(message);
      else console.error('A message that makes no sense was left aside.');
    });
  }
}

function isSound(message: Message & { readonly method?: unknown; readonly params?: unknown }): boolean {
  return message?.method !== '$/cancelRequest' || v.is(cancellation, message.params);
}
