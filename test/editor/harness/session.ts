import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inject, type TestContext } from 'vitest';
import manifest from '../../../package.json';
import { type Edition, type Editor, installEditor } from '../../../scripts/editor/install.mjs';
import { type EditorServer, serveEditor } from '../../../scripts/editor/serve.mjs';
import { Workbench } from './workbench';

export const repository = path.resolve(import.meta.dirname, '../../..');
const screenshots = path.join(repository, 'test/screenshots');
export const ANALYZE = 'Sigma: Analyze Spectral Health';

declare module 'vitest' {
  interface ProvidedContext {
    /** In which the tests of a project run. */
    edition: Edition;
  }
}

/** The packaged extension in a served editor, a window of it on a workspace, and what they leave on this machine. */
export class EditorSession {
  private constructor(
    readonly editor: Editor,
    readonly server: EditorServer,
    readonly workspace: string,
    readonly workbench: Workbench,
  ) {}

  /**
   * @param fill writes the files of the workspace into a fresh folder
   * @param options trust: false opens the workspace in Restricted Mode
   */
  static async start(fill: (folder: string) => void, { trust = true } = {}): Promise<EditorSession> {
    const workspace = realpathSync(mkdtempSync(path.join(tmpdir(), 'sigma-workspace-')));
    let server: EditorServer | undefined;
    try {
      fill(workspace);
      const editor = await installEditor(console.log, inject('edition'));
      server = await serveEditor({
        editor,
        vsix: path.join(repository, `${manifest.name}-${manifest.version}.vsix`),
        settings: { 'workbench.reduceMotion': 'on', 'explorer.compactFolders': false },
        trust,
      });
      const workbench = await Workbench.open(`${server.url}/?folder=${encodeURIComponent(workspace)}`, ANALYZE);
      return new EditorSession(editor, server, workspace, workbench);
    } catch (error) {
      await server?.stop();
      rmSync(workspace, { recursive: true, force: true });
      throw error;
    }
  }

  /** Sets settings of the workspace, which the editor notices. */
  configure(settings: Readonly<Record<string, unknown>>): void {
    mkdirSync(path.join(this.workspace, '.vscode'), { recursive: true });
    writeFileSync(path.join(this.workspace, '.vscode/settings.json'), JSON.stringify(settings));
  }

  /** Saves a picture of the window under test/screenshots/. */
  async screenshot(name: string): Promise<void> {
    const file = path.join(screenshots, `${name}.png`);
    mkdirSync(path.dirname(file), { recursive: true });
    await this.workbench.page.screenshot({ path: file });
  }

  /** For `afterEach`: a test that failed leaves a picture and the console's last errors. */
  async explainFailure({ task }: TestContext): Promise<void> {
    if (task.result?.state !== 'fail') return;
    console.error(
      this.workbench.console
        .filter((line) => line.startsWith('error'))
        .slice(-20)
        .join('\n'),
    );
    await this.screenshot(`failed ${task.name.replaceAll(/[^\w ]/g, '')}`);
  }

  /** Process ids of the engines that run from this server's extension folder. */
  enginePids(): readonly number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => {
        const command = commandLine(pid);
        return command.includes(this.server.data) && command.includes('dist/engine.js');
      });
  }

  async stop(): Promise<void> {
    await this.workbench.close();
    await this.server.stop();
    rmSync(this.workspace, { recursive: true, force: true });
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** The report that the command line gives of a file, as parsed JSON. */
export function commandLineReport(file: string, ...options: readonly string[]) {
  const sigma = path.join(repository, 'dist/sigma.js');
  return JSON.parse(
    execFileSync(process.execPath, [sigma, 'analyze', file, '--json', ...options], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
  );
}
