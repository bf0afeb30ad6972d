import { FOREIGN_FOLDERS } from '../compute/foreign-folders';

/** What finding a home, a temporary folder, a locale and the graphics drivers takes. */
const NAMES = new Set([
  'PATH',
  'HOME',
  'USERPROFILE',
  'APPDATA',
  'LOCALAPPDATA',
  'PROGRAMDATA',
  'SYSTEMROOT',
  'WINDIR',
  'TMPDIR',
  'TMP',
  'TEMP',
  'LANG',
  'TZ',
  'LD_LIBRARY_PATH',
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'CUDA_VISIBLE_DEVICES',
]);
const PREFIXES = ['SIGMA_', 'LC_', 'XDG_', 'VK_', 'MESA_', 'LIBGL_', 'NVIDIA_'];

/**
 * The environment of the engine: the part of the host's that it needs, so that no secret and no switch meant for another program reaches it.
 * @param electron whether the host's executable is Electron, which must be told to be Node
 * @param foreignFolders in which the engine must look for no program; null if it must start none at all
 */
export function engineEnvironment(
  host: NodeJS.ProcessEnv,
  electron: boolean,
  foreignFolders: readonly string[] | null = null,
): NodeJS.ProcessEnv {
  const kept = Object.entries(host).filter(([name]) => {
    // Windows spells names as it likes (`Path`).
    const upper = name.toUpperCase();
    return upper !== FOREIGN_FOLDERS && (NAMES.has(upper) || PREFIXES.some((prefix) => upper.startsWith(prefix)));
  });
  return {
    ...Object.fromEntries(kept),
    ...(electron && { ELECTRON_RUN_AS_NODE: '1' }),
    ...(foreignFolders !== null && { [FOREIGN_FOLDERS]: JSON.stringify(foreignFolders) }),
  };
}
