// npm start: from an empty clone to the sample run's report, and the editor open on it.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { dependenciesAreCurrent, installDependencies } from './dependencies.mjs';
import { editorUnavailable, installEditor } from './editor/install.mjs';
import { serveEditor } from './editor/serve.mjs';
import { findProgram, npm, root, run } from './process.mjs';

/** The demo copies the samples there. */
const samples = path.join('.cache', 'sample-runs');
const hint = 'In the Explorer, right-click replace-s0/generation-10/embeddings.npy and choose "Sigma: Analyze Spectral Health".';

/** A step that did not work, for a person: one sentence and the ends of its log, where tools say what is wrong. */
class StepFailed extends Error {
  constructor(sentence, log = '') {
    const lines = log.split('\n').filter((line) => line.trim() !== '' && !/^\s+at /.test(line));
    const shown = lines.length > 16 ? [...lines.slice(0, 8), '...', ...lines.slice(-8)] : lines;
    super([sentence, ...shown].join('\n  '));
  }
}

/** Runs a step without its output, saying what it is and how long it took. */
async function step(title, work) {
  process.stdout.write(`${title} ... `);
  const began = performance.now();
  const { code, output } = await work();
  if (code !== 0) {
    console.log('failed');
    throw new StepFailed(`"${title}" failed. From its log:`, output);
  }
  console.log(`done in ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

async function report() {
  if (!dependenciesAreCurrent()) {
    await step('Installing packages (once, about 20 seconds)', () => installDependencies({ quiet: true }));
  }
  await step('Building', () => run(npm('run', '--silent', 'build'), { quiet: true }));
  console.log('Analysing the sample run: a small language model trained again and again on its own text\n');
  const { code } = await run([process.execPath, 'dist/sigma.js', 'demo', samples]);
  if (code > 1) throw new StepFailed('The sample run could not be analysed; the line above says why.');
}

/** @returns {Promise<boolean>} whether the VS Code of this machine opened, with the extension loaded from here and nothing installed into it */
async function openVisualStudioCode() {
  // In the terminal of a remote window `code` only talks to that window, which cannot load an extension from a folder.
  if (process.env.VSCODE_IPC_HOOK_CLI || !findProgram('code')) return false;
  const { code } = await run(['code', '--new-window', `--extensionDevelopmentPath=${root}`, path.join(root, samples)], { quiet: true });
  if (code !== 0) return false;
  console.log(`\nVS Code is open on the samples. ${hint}`);
  return true;
}

/** Serves the editor from npm until Ctrl-C. */
async function serveEditorFromNpm() {
  const unavailable = editorUnavailable();
  if (unavailable) {
    throw new StepFailed(
      `VS Code is not on the PATH, so no editor was opened. ${unavailable} Install VS Code with its "code" command and run npm start again.`,
    );
  }
  console.log('\nVS Code is not on the PATH, so the editor from npm is served from this machine.');
  await step('Packaging the extension', () => run(npm('run', '--silent', 'vsix'), { quiet: true }));
  const editor = await installEditor(console.log).catch((error) => {
    throw new StepFailed('The editor could not be downloaded; the report above stands. From its log:', error.message);
  });
  const { name, version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const server = await serveEditor({ editor, vsix: path.join(root, `${name}-${version}.vsix`) }).catch((error) => {
    throw new StepFailed('The editor did not start. From its log:', error.message);
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void server.stop());
  const address = `${server.url}/?folder=${encodeURIComponent(path.join(root, samples))}`;
  console.log(`\nThe editor is open at ${address}\n${hint}\nCtrl-C stops it.`);
  openBrowser(address);
  await server.stopped;
  console.log('The editor has stopped.');
}

/** Opens a page in the person's browser where there is one to be seen; its absence is no failure, since the address is printed. */
function openBrowser(address) {
  const [command, ...args] =
    process.platform === 'darwin' ? ['open'] : process.platform === 'win32' ? ['cmd', '/c', 'start', ''] : ['xdg-open'];
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return;
  const opener = spawn(command, [...args, address], { stdio: 'ignore', detached: true });
  opener.on('error', () => {});
  opener.unref();
}

try {
  await report();
  if (!process.argv.includes('--no-open') && !(await openVisualStudioCode())) await serveEditorFromNpm();
} catch (error) {
  console.error(error instanceof StepFailed ? `\n${error.message}` : `\nSomething unforeseen went wrong: ${error.message}`);
  process.exitCode = 1;
}
