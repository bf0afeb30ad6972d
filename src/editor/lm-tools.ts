import * as vscode from 'vscode';
import type { CheckpointPlace } from '../agents/document';
import { engineSource, type ToolEngine } from '../agents/engine-source';
import { answerText } from '../agents/text';
import { COMPARE_TOOL, compareModelHealth, getModelHealth, HEALTH_TOOL, type HealthSource, type ToolCall } from '../agents/tools';
import { EngineError, ErrorCode } from '../engine/protocol';
import { SECTION } from './contributions';
import type { RunsModel } from './runs-model';
import { analysisOptions } from './settings';

/** get_model_health and compare_model_health, for the editor's chat and whatever else calls tools. */
export function registerHealthTools(engine: ToolEngine, runs: RunsModel, log: vscode.LogOutputChannel): vscode.Disposable {
  const source = healthSource(engine, runs, log);
  const tools = [
    new HealthTool(runs, source, getModelHealth, ({ path }: HealthInput) => ({
      reading: vscode.l10n.t('Reading the spectral health of {0}', path),
      told: vscode.l10n.t(
        'Sigma reads the files on this machine, and the model is told the spectral health of {0}. Nothing is changed.',
        path,
      ),
    })),
    new HealthTool(runs, source, compareModelHealth, ({ paths }: CompareInput) => {
      const files = paths.join(', ');
      return {
        reading: vscode.l10n.t('Reading how {0} compare in spectral health', files),
        told: vscode.l10n.t(
          'Sigma reads the files on this machine, and the model is told how {0} compare in spectral health. Nothing is changed.',
          files,
        ),
      };
    }),
  ] as const;
  return vscode.Disposable.from(vscode.lm.registerTool(HEALTH_TOOL.name, tools[0]), vscode.lm.registerTool(COMPARE_TOOL.name, tools[1]));
}

interface HealthInput {
  readonly path: string;
  readonly tensor?: string;
}

interface CompareInput {
  readonly paths: readonly string[];
  readonly tensor?: string;
}

type Answer = Parameters<typeof answerText>[0];

class HealthTool<I> implements vscode.LanguageModelTool<I> {
  /**
   * @param answer what the tool does
   * @param sentences what is done, and what it comes to, for the person who is asked
   */
  constructor(
    readonly runs: RunsModel,
    readonly source: HealthSource,
    readonly answer: (input: unknown, call: ToolCall) => Promise<Answer>,
    readonly sentences: (input: I) => { readonly reading: string; readonly told: string },
  ) {}

  prepareInvocation({ input }: vscode.LanguageModelToolInvocationPrepareOptions<I>): vscode.PreparedToolInvocation {
    const { reading, told } = this.sentences(input);
    return {
      invocationMessage: reading,
      confirmationMessages: {
        title: vscode.l10n.t('Read model health'),
        message: new vscode.MarkdownString().appendText(told),
      },
    };
  }

  async invoke(
    { input }: vscode.LanguageModelToolInvocationOptions<I>,
    token: vscode.CancellationToken,
  ): Promise<vscode.LanguageModelToolResult> {
    if (!vscode.workspace.isTrusted) {
      throw new Error('No file is read for a model in Restricted Mode. Ask the person to trust this workspace, then call again.');
    }
    const cancel = new AbortController();
    if (token.isCancellationRequested) cancel.abort();
    const listener = token.onCancellationRequested(() => cancel.abort());
    try {
      const answer = await this.answer(input, { source: this.source, roots: roots(this.runs), signal: cancel.signal, progress() {} });
      return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(answerText(answer))]);
    } catch (error) {
      if (error instanceof EngineError && error.code === ErrorCode.cancelled) throw new vscode.CancellationError();
      throw error;
    } finally {
      listener.dispose();
    }
  }
}

/** What is known of a watched run is answered at once; everything else the engine reads. */
function healthSource(engine: ToolEngine, runs: RunsModel, log: vscode.LogOutputChannel): HealthSource {
  const options = (path: string) => {
    const configuration = vscode.workspace.getConfiguration(SECTION, vscode.Uri.file(path));
    return analysisOptions(
      (setting) => configuration.get(setting),
      (setting, value) => log.warn(`The setting ${SECTION}.${setting} cannot be ${JSON.stringify(value)}; it is left aside.`),
    );
  };
  const read = engineSource(engine, options);
  return {
    ...read,
    run: async (path, watch) => runs.runs.find((run) => run.path === path) ?? read.run(path, watch),
    checkpointOf: async (path) => placeOf(path, runs),
  };
}

function placeOf(path: string, runs: RunsModel): CheckpointPlace | null {
  const run = runs.runAt(path);
  const checkpoint = run?.checkpoints.find(({ matrices }) => matrices.some(({ report }) => report.source.path === path));
  return run === undefined || checkpoint === undefined ? null : { run: run.path, name: checkpoint.name, step: checkpoint.step };
}

/** The folders that a model may have read: those of the workspace, and those that are watched. */
function roots(runs: RunsModel): string[] {
  const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file').map(({ uri }) => uri.fsPath);
  return [...new Set([...folders, ...runs.folders, ...runs.runs.map(({ path }) => path)])];
}
