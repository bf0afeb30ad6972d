import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { CheckpointPlace } from '../agents/document';
import { engineSource } from '../agents/engine-source';
import { DEFAULT_OPTIONS } from '../analysis/report';
import { EngineClient } from '../engine/client';
import { recognise } from '../runs/recognise';
import { parseArguments } from './arguments';
import { type Command, ExitCode } from './command';
import { Failure } from './failure';

const HELP = `Usage: sigma mcp [--root DIR]...

Serves two tools to a language model over the Model Context Protocol, on standard input and output:
get_model_health (a file, a checkpoint or a run) and compare_model_health (two to eight files, the baseline
first). It reads files in the roots only, changes nothing, and makes no network connection. It is started by
the program that has the model, not by hand, and ends when that closes standard input.

  --root DIR         a folder that may be read, with all that is in it; may be repeated (default: the
                     working directory). Links that lead out of it are not followed

Exit codes: 0 standard input was closed, 2 it could not begin or go on, 130 interrupted.`;

export const mcpCommand: Command = {
  name: 'mcp',
  summary: 'the same for language models: a server of the Model Context Protocol',
  help: HELP,
  async run(args, terminal) {
    const { values, positionals } = parseArguments('mcp', args, { root: { type: 'string', multiple: true } });
    if (positionals.length > 0) throw new Failure(`mcp takes no files, but got ${positionals[0]}; name a folder with --root DIR`);
    const roots = await Promise.all((values.root ?? ['.']).map(rootAt));
    const engine = new EngineClient({ script: join(__dirname, 'engine.js'), log: (text) => terminal.complain(text.trimEnd()) });
    // The other commands need not load what this one takes.
    const { serveMcp } = await import('./mcp-server');
    try {
      const source = { ...engineSource(engine, () => DEFAULT_OPTIONS), checkpointOf };
      await serveMcp({ source, roots, stdin: process.stdin, stdout: process.stdout });
      return ExitCode.fine;
    } finally {
      await engine.dispose();
    }
  },
};

/** @throws Failure when it is no folder */
async function rootAt(root: string): Promise<string> {
  const path = resolve(root);
  const facts = await stat(path).catch(() => null);
  if (facts?.isDirectory() !== true) throw new Failure(`--root ${root}: there is no such folder`);
  return path;
}

/** By the names of files and folders alone: the run is the folder around the file, or the one around that. */
async function checkpointOf(path: string): Promise<CheckpointPlace | null> {
  for (const run of [dirname(path), dirname(dirname(path)), dirname(dirname(dirname(path)))]) {
    const listing = await recognise(run).catch(() => null);
    const checkpoint = listing?.checkpoints.find(({ files }) => files.some((file) => file.path === path));
    if (listing !== null && checkpoint !== undefined && listing.checkpoints.length > 1) {
      return { run, name: checkpoint.name, step: checkpoint.step };
    }
  }
  return null;
}
