// An extension host: loads the built extension with an editor that records, and reports how long its thread was ever blocked.
// Arguments as JSON: `fake` is the bundled test/editor/fake-vscode.ts, `big` the run of so many `checkpoints`, `files` those of the first panels,
// `limit` and `rest` seconds until it gives up and after all is analysed.
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as after } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

const require = createRequire(import.meta.url);
const { extension, fake, folders, big, checkpoints, panels, files, history, limit, rest } = JSON.parse(process.argv[2]);

/** Longer than this, in milliseconds, is a block. */
const BLOCK = 50;
/** The editor draws a tree again so long after it was told to. */
const REDRAW = 200;

const vscode = { ...require(fake), ViewColumn: { Active: -1 }, RelativePattern: class {} };
const posted = { messages: 0, bytes: 0, largest: 0 };
let tree;
let spectra;

function webviewPanel() {
  let answer = () => {};
  const ended = new vscode.EventEmitter();
  const webview = {
    cspSource: 'test:',
    html: '',
    options: {},
    asWebviewUri: (uri) => uri,
    onDidReceiveMessage: (listener) => {
      answer = listener;
      return new vscode.Disposable(() => {});
    },
    // The editor turns a message into JSON in this thread.
    postMessage: async (message) => {
      const { length } = JSON.stringify(message);
      posted.messages++;
      posted.bytes += length;
      posted.largest = Math.max(posted.largest, length);
      return true;
    },
  };
  return {
    webview,
    visible: true,
    active: true,
    title: '',
    viewColumn: 1,
    reveal() {},
    dispose: () => ended.fire(),
    onDidDispose: ended.event,
    onDidChangeViewState: () => new vscode.Disposable(() => {}),
    say: (message) => answer(message),
  };
}

const shown = [];
Object.assign(vscode.window, {
  createOutputChannel: () => ({ info() {}, warn() {}, error: (error) => console.error(error), dispose() {}, show() {} }),
  registerWebviewPanelSerializer: () => new vscode.Disposable(() => {}),
  createWebviewPanel: () => {
    const panel = webviewPanel();
    shown.push(panel);
    return panel;
  },
  registerCustomEditorProvider: (_, provider) => {
    spectra = provider;
    return new vscode.Disposable(() => {});
  },
  createTreeView: (_, { treeDataProvider }) => {
    tree = treeDataProvider;
    return { dispose() {}, reveal: async () => {} };
  },
});
Object.assign(vscode.workspace, {
  registerTextDocumentContentProvider: () => new vscode.Disposable(() => {}),
  createFileSystemWatcher: () => ({
    onDidChange: () => new vscode.Disposable(() => {}),
    onDidCreate: () => new vscode.Disposable(() => {}),
    onDidDelete: () => new vscode.Disposable(() => {}),
    dispose() {},
  }),
});
vscode.commands.executeCommand = async (id, ...args) => vscode.state.commands.get(id)?.(...args);
const load = Module._load;
Module._load = (name, ...rest) => (name === 'vscode' ? vscode : load(name, ...rest));

/** As the editor does while the view is on screen, with the big run unfolded. */
let redrawing = false;
let drawn = 0;
const newestCount = () => tree.getChildren().find(({ run }) => run.path === big)?.run.checkpoints.length ?? 0;
function redraw() {
  if (redrawing) return;
  redrawing = true;
  setTimeout(() => {
    redrawing = false;
    drawn++;
    for (const node of tree.getChildren()) {
      tree.getTreeItem(node);
      if (node.run.path === big) for (const child of tree.getChildren(node)) tree.getTreeItem(child);
    }
  }, REDRAW);
}

const memoryOf = (pid, field) => {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8').match(new RegExp(`${field}:\\s+(\\d+) kB`));
  return Math.round(Number(line[1]) / 1024);
};
const handlesOf = (pid) => readdirSync(`/proc/${pid}/fd`).length;
const children = () => readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ').filter(Boolean);

/** A thread that does nothing else: when it is late, the machine had no processor for it. */
const idle = new Worker(
  `const { parentPort, workerData } = require('node:worker_threads');
  let last = performance.now(), blocks = 0, longest = 0;
  setInterval(() => {
    const now = performance.now();
    if (now - last > workerData) blocks++;
    longest = Math.max(longest, now - last);
    last = now;
  }, 5);
  parentPort.on('message', () => parentPort.postMessage({ blocks, longest: Math.round(longest) }));`,
  { eval: true, workerData: BLOCK },
);
const delay = monitorEventLoopDelay({ resolution: 1 });
let busiest = 0;
const longest = [];
let last = performance.now();
let lastCpu = process.cpuUsage();
/** Of each block also the processor time: the rest was spent waiting for a processor, which other processes had. */
const beat = setInterval(() => {
  const now = performance.now();
  const cpu = process.cpuUsage(lastCpu);
  const worked = (cpu.user + cpu.system) / 1000;
  busiest = Math.max(busiest, worked);
  if (now - last > BLOCK) longest.push({ ms: Math.round(now - last), cpu: Math.round(worked) });
  last = now;
  lastCpu = process.cpuUsage();
}, 5);

vscode.state.settings = { runs: folders, backend: 'cpu', notifications: 'all' };
const storage = vscode.Uri.file(history);
const began = performance.now();
const { activate, deactivate } = require(join(extension, 'dist/extension.js'));
activate({
  extensionUri: vscode.Uri.file(extension),
  storageUri: storage,
  globalStorageUri: storage,
  subscriptions: [],
  workspaceState: { get: (_, initial) => initial, update: async () => {} },
});
tree.onDidChangeTreeData(redraw);
// What starting takes is measured elsewhere.
last = performance.now();
lastCpu = process.cpuUsage();
delay.enable();

const open = () => {
  const runs = tree.getChildren().map(({ run }) => run.path);
  const wanted = [big, ...runs.filter((path) => path !== big)].slice(0, panels - files.length);
  for (const path of wanted) void vscode.commands.executeCommand('sigma.openRun', path);
  for (const panel of shown) panel.say({ type: 'ready' });
  for (const file of files) {
    const panel = webviewPanel();
    const document = spectra.openCustomDocument(vscode.Uri.file(file));
    spectra.resolveCustomEditor(document, panel);
    panel.say({ type: 'ready' });
    shown.push(panel);
  }
};

const samples = [];
let opened = false;
let next = checkpoints / 4;
const [engine] = children();
let crashed = false;
const sample = (count) => {
  global.gc();
  samples.push({
    checkpoints: count,
    seconds: Math.round((performance.now() - began) / 1000),
    hostHeap: Math.round(process.memoryUsage().heapUsed / 2 ** 20),
    hostArrays: Math.round(process.memoryUsage().arrayBuffers / 2 ** 20),
    hostRss: memoryOf(process.pid, 'VmRSS'),
    engineRss: crashed ? null : memoryOf(engine, 'VmRSS'),
    hostHandles: handlesOf(process.pid),
    engineHandles: crashed ? null : handlesOf(engine),
  });
  // The collection was ours.
  last = performance.now();
};
while (performance.now() - began < limit * 1000) {
  await after(250);
  crashed = children()[0] !== engine;
  if (crashed) break;
  const count = newestCount();
  if (!opened && count > 0) {
    opened = true;
    open();
  }
  if (count >= next) {
    delay.disable();
    sample(count);
    delay.enable();
    next += checkpoints / 4;
  }
  if (count >= checkpoints) break;
}
// Nothing more is saved: what looking costs, and whether anything still grows.
const ticks = () => {
  const fields = readFileSync(`/proc/${engine}/stat`, 'utf8').split(') ')[1].split(' ');
  return Number(fields[11]) + Number(fields[12]);
};
await after(2000);
const [idleFrom, ticksBefore] = [performance.now(), crashed ? 0 : ticks()];
await after(1000 * rest);
const idleShare = crashed ? null : Math.round((1e5 * (ticks() - ticksBefore)) / (performance.now() - idleFrom)) / 100;
clearInterval(beat);
delay.disable();
idle.postMessage('');
const [nothingElse] = await once(idle, 'message');
console.log(
  JSON.stringify({
    reached: newestCount(),
    runs: tree.getChildren().length,
    crashed,
    seconds: Math.round((performance.now() - began) / 1000),
    engineHwm: crashed ? null : memoryOf(engine, 'VmHWM'),
    hostHwm: memoryOf(process.pid, 'VmHWM'),
    maxDelay: Math.round(delay.max / 1e6),
    p999: Math.round(delay.percentile(99.9) / 1e5) / 10,
    busiest: Math.round(busiest),
    blocks: longest.length,
    nothingElse,
    longest: longest.sort((a, b) => b.ms - a.ms).slice(0, 5),
    drawn,
    // Hundredths of a second of processor time are a tick: percent of one processor.
    idleShare,
    posted,
    samples,
  }),
);
await deactivate();
process.exit(0);
