import { isAbsolute, resolve, sep } from 'node:path';
import * as v from 'valibot';
import { type AnalysisOptions, DEFAULT_OPTIONS, type Level } from '../analysis/report';
import type { WatchedFolder } from '../engine/protocol';

const NORMALIZE = { auto: null, always: true, never: false } as const;

const FOLDER = v.pipe(v.string(), v.nonEmpty());
const RUN = v.union([
  FOLDER,
  v.strictObject({ path: FOLDER, baseline: v.optional(v.nullable(v.string()), null), controls: v.optional(v.array(FOLDER), []) }),
]);

/** What each setting may be, in the section `sigma`. A settings file is typed by hand: nothing in it is trusted. */
export const SETTINGS = {
  backend: v.picklist(['auto', 'webgpu', 'cpu']),
  ridge: v.pipe(v.number(), v.finite(), v.gtValue(0)),
  confidence: v.pipe(v.number(), v.gtValue(0), v.ltValue(1)),
  maxRows: v.nullable(v.pipe(v.number(), v.safeInteger(), v.minValue(1))),
  tolerance: v.nullable(v.pipe(v.number(), v.gtValue(0), v.ltValue(1))),
  normalize: v.picklist(['auto', 'always', 'never']),
  runs: v.array(RUN),
  'inline.codeLens': v.boolean(),
  'inline.text': v.picklist(['off', 'problems', 'all']),
  notifications: v.picklist(['all', 'collapse', 'off']),
} as const;

/**
 * Settings -> options of an analysis. A value that makes no sense is replaced by the default.
 * @param read the value of a setting of the section `sigma`, undefined when there is none
 * @param rejected told of each setting that was replaced
 */
export function analysisOptions(read: (setting: string) => unknown, rejected: (setting: string, value: unknown) => void): AnalysisOptions {
  const setting = <K extends keyof typeof SETTINGS>(name: K): v.InferOutput<(typeof SETTINGS)[K]> | undefined => {
    const value = read(name);
    if (value === undefined) return undefined;
    const parsed = v.safeParse(SETTINGS[name], value);
    if (parsed.success) return parsed.output;
    rejected(name, value);
    return undefined;
  };
  const rows = setting('maxRows');
  const tolerance = setting('tolerance');
  return {
    ...DEFAULT_OPTIONS,
    backend: setting('backend') ?? DEFAULT_OPTIONS.backend,
    ridge: setting('ridge') ?? DEFAULT_OPTIONS.ridge,
    confidence: setting('confidence') ?? DEFAULT_OPTIONS.confidence,
    rows: rows === undefined ? DEFAULT_OPTIONS.rows : rows,
    tolerance: tolerance === undefined ? DEFAULT_OPTIONS.tolerance : tolerance,
    normalize: NORMALIZE[setting('normalize') ?? 'auto'],
  };
}

const NOTIFIED = { all: ['broken', 'collapsed', 'collapsing', 'watch'], collapse: ['broken', 'collapsed', 'collapsing'], off: [] } as const;

/** The setting `notifications` -> the levels that are worth a notification. */
export function notificationLevels(value: unknown): readonly Level[] {
  const parsed = v.safeParse(SETTINGS.notifications, value);
  return NOTIFIED[parsed.success ? parsed.output : 'collapse'];
}

/**
 * The setting `runs` -> folders to watch. An entry that makes no sense is left aside, and the others count.
 * @param folder what relative paths are relative to; null where there is nothing
 * @param rejected told of each entry that was left aside
 */
export function watchedFolders(
  value: unknown,
  folder: string | null,
  rejected: (setting: string, value: unknown) => void,
): Omit<WatchedFolder, 'options'>[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    rejected('runs', value);
    return [];
  }
  return value.flatMap((entry: unknown) => {
    const run = folderOf(entry, folder);
    if (run === null) rejected('runs', entry);
    return run ?? [];
  });
}

/**
 * The entry that has a run watched: of its own folder, else of the innermost one around it; null where there is none.
 * @param path absolute
 */
export function entryOver(path: string, entries: readonly unknown[], folder: string | null): unknown {
  let innermost: { readonly entry: unknown; readonly path: string } | null = null;
  for (const entry of entries) {
    const over = folderOf(entry, folder)?.path;
    if (over === undefined || !isIn(path, over)) continue;
    if (innermost === null || over.length >= innermost.path.length) innermost = { entry, path: over };
  }
  return innermost?.entry ?? null;
}

function isIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** What an entry of the setting `runs` means; null where it makes no sense. */
export function folderOf(entry: unknown, folder: string | null): Omit<WatchedFolder, 'options'> | null {
  const parsed = v.safeParse(RUN, entry);
  if (!parsed.success) return null;
  const run = typeof parsed.output === 'string' ? { path: parsed.output, baseline: null, controls: [] } : parsed.output;
  const path = absolute(run.path, folder);
  const controls = run.controls.map((control) => absolute(control, folder));
  return path === null || !controls.every((control) => control !== null) ? null : { path, baseline: run.baseline, controls };
}

function absolute(path: string, folder: string | null): string | null {
  if (folder !== null) return resolve(folder, path);
  return isAbsolute(path) ? resolve(path) : null;
}
