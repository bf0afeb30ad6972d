import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { openTensorFile } from '../../src/formats/open';
import type { Checkpoint, Layout, RunListing } from '../../src/runs/checkpoint';
import { streamed } from '../formats/bytes/memory-bytes';

/** A file's bytes or text, a link to the path given (as the link holds it), or null for an empty folder. */
export type Content = Uint8Array | string | { readonly link: string } | null;

/** Writes a tree of files into a new folder, which is removed after the test. Keys are paths with `/`; links come last. */
export function directoryTree(content: Readonly<Record<string, Content>>): string {
  const root = mkdtempSync(join(tmpdir(), 'sigma-runs-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  write(root, content);
  return root;
}

/** Adds to a tree. */
export function write(root: string, content: Readonly<Record<string, Content>>): void {
  for (const [name, what] of Object.entries(content)) {
    const path = join(root, name);
    mkdirSync(what === null ? path : dirname(path), { recursive: true });
    if (what === null) continue;
    if (typeof what === 'object' && 'link' in what) symlinkSync(what.link, path);
    else writeFileSync(path, what);
  }
}

/** A safetensors file as its writer makes it: the header padded with spaces to eight bytes, then float32 matrices one after another. */
export function safetensorsBytes(tensors: Readonly<Record<string, readonly (readonly number[])[]>>): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let at = 0;
  for (const [name, rows] of Object.entries(tensors)) {
    const bytes = 4 * rows.length * rows[0]!.length;
    header[name] = { dtype: 'F32', shape: [rows.length, rows[0]!.length], data_offsets: [at, at + bytes] };
    at += bytes;
  }
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded, float32(Object.values(tensors).flat(2))]);
}

/** A .npy file of version 1 as numpy.save writes it, float32 in C order. */
export function npyBytes(rows: readonly (readonly number[])[]): Uint8Array {
  const description = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows.length}, ${rows[0]!.length}), }`;
  const header = `${description.padEnd(Math.ceil((description.length + 11) / 64) * 64 - 11)}\n`;
  return Buffer.concat([
    Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, header.length & 0xff, header.length >> 8]),
    Buffer.from(header),
    float32(rows.flat()),
  ]);
}

function float32(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => {
    bytes.writeFloatLE(value, 4 * i);
  });
  return bytes;
}

const torchFixtures = join(import.meta.dirname, '..', 'fixtures', 'formats', 'torch');

/** A file of torch.save with a tensor `state_dict.0.weight` of 7 x 4 that begins with -1.42596... */
export const torchBytes: Uint8Array = readFileSync(join(torchFixtures, 'checkpoint.pt'));

/** trainer_state.json as the Trainer writes it: keys in order, an indent of two. */
export function trainerState(globalStep: number): string {
  const log = [{ epoch: 1.0, loss: 2.5, step: globalStep }];
  return `${JSON.stringify({ best_metric: null, epoch: 1.0, global_step: globalStep, log_history: log, max_steps: 600 }, null, 2)}\n`;
}

/** The index of a sharded model. */
export function indexOf(weightMap: Readonly<Record<string, string>>): string {
  return `${JSON.stringify({ metadata: { total_size: 32 }, weight_map: weightMap }, null, 2)}\n`;
}

/** The listing of a layout that claims the folder, checked to keep the contract. */
export async function recognised(layout: Layout, directory: string): Promise<RunListing> {
  const listing = await layout.recognise(directory);
  expect(listing).not.toBeNull();
  expectSound(listing!);
  expect(listing!.layout).toBe(layout.id);
  return listing!;
}

/** What every listing keeps, whatever the layout. */
export function expectSound({ checkpoints, recognised: sentence, missing }: RunListing): void {
  for (const text of [sentence, ...missing]) expect(text).toMatch(/\.$/);
  expect(new Set(checkpoints.map(({ name }) => name)).size).toBe(checkpoints.length);
  expect(new Set(checkpoints.map(({ path }) => path)).size).toBe(checkpoints.length);
  for (const [i, { step, marker, waitingFor, files, parts }] of checkpoints.entries()) {
    expect(Number.isSafeInteger(step)).toBe(true);
    if (i > 0) expect(step).toBeGreaterThanOrEqual(checkpoints[i - 1]!.step);
    expect(waitingFor !== null).toBe(marker === 'pending');
    expect(new Set(files.map(({ name }) => name)).size).toBe(files.length);
    // A model that is a folder is the files in it.
    for (const { path } of files) expect(parts.some((part) => part === path || part.startsWith(join(path, '/')))).toBe(true);
  }
}

/** `name step marker: files` of each checkpoint; of a pending one what it waits for. */
export function lines({ checkpoints }: RunListing): string[] {
  return checkpoints.map(({ name, step, marker, waitingFor, files }) => {
    const state = waitingFor === null ? marker : `waits for ${waitingFor}`;
    return `${name} ${step} ${state}: ${files.map((file) => file.name).join(' ')}`.trimEnd();
  });
}

/** The numbers of a matrix of a checkpoint. */
export async function numbersIn(checkpoint: Checkpoint, file: string, tensor: string): Promise<number[]> {
  const opened = await openTensorFile(checkpoint.files.find(({ name }) => name === file)!.path);
  try {
    return await streamed(opened.matrix(tensor), 2);
  } finally {
    await opened.close();
  }
}
