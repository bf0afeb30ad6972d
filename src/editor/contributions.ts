export { FILE_ENDINGS, isAnalysable, isOffered } from '../words/file-endings';

/** The names that package.json and the code must agree on; test/editor/contributions.test.ts holds them together. */
export const COMMANDS = {
  analyze: 'sigma.analyze',
  restartEngine: 'sigma.restartEngine',
  showLog: 'sigma.showLog',
  doctor: 'sigma.doctor',
  showRuns: 'sigma.showRuns',
  watchRun: 'sigma.watchRun',
  unwatchRun: 'sigma.unwatchRun',
  openRun: 'sigma.openRun',
  showHealth: 'sigma.showHealth',
  filterHealth: 'sigma.filterHealth',
  showEveryRun: 'sigma.showEveryRun',
  fixRun: 'sigma.fixRun',
  openReport: 'sigma.openReport',
  pinBaseline: 'sigma.pinBaseline',
  muteRun: 'sigma.muteRun',
  unmuteRun: 'sigma.unmuteRun',
  copyPath: 'sigma.copyPath',
  cancelAnalyses: 'sigma.cancelAnalyses',
  resumeAnalyses: 'sigma.resumeAnalyses',
  openSample: 'sigma.openSample',
  compare: 'sigma.compare',
  compareWithBaseline: 'sigma.compareWithBaseline',
} as const;

/** View type of the custom editor. */
export const SPECTRUM_EDITOR = 'sigma.spectrum';

/** View type of the panel of a folder that is a dataset or a model: custom editors are for files alone. */
export const FOLDER_PANEL = 'sigma.folder';

/** View type of the panel of a run. */
export const RUN_PANEL = 'sigma.run';

/** View type of the panel of a comparison. */
export const COMPARE_PANEL = 'sigma.comparison';

/** Of the servers that are offered to language models. */
export const MCP_SERVERS = 'sigma.mcp';

/** Section of the settings, and name of everything else that carries ours. */
export const SECTION = 'sigma';

/** Context key: paths of the folders that the settings have watched. */
export const WATCHED_FOLDERS = 'sigma.watchedFolders';

/** The view Model Health. */
export const HEALTH_VIEW = 'sigma.health';

/** Context key: whether the analyses of checkpoints are paused. */
export const ANALYSES_PAUSED = 'sigma.analysesPaused';

/** Context key: whether any run is to be watched. */
export const WATCHING = 'sigma.watching';

/** Context key: whether a filter keeps runs out of the view. */
export const RUNS_HIDDEN = 'sigma.runsHidden';
