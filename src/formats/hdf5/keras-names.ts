/** A dataset under the name that Keras gives the variable. */
export interface NamedDataset {
  readonly name: string;
  /** In the file. */
  readonly path: string;
}

/** A variable by its number: `/layers/dense/vars/0`, as saving_lib.py of Keras 3 writes it. */
const VARIABLE = /^(.*?)\/?vars\/(\d+)$/;
const LAYERS = /(^|\/)(?:layers|_layer_checkpoint_dependencies)\//g;

/**
 * Names as a person knows them: `dense/kernel` for a variable of a Keras model, whose file gives a number instead, or a path that
 * repeats the layer's name; the path for other datasets. Variables of the optimizer are left out.
 *
 * A numbered variable is named by what its layer has first: a kernel, in embeddings the embeddings, in a recurrent cell a recurrent kernel second.
 *
 * @param paths of all datasets, with the leading slash
 * @param isModel whether the group of this path names layers (`layer_names`), as legacy files of Keras do
 */
export function kerasNames(
  paths: readonly string[],
  isModel: (path: string) => boolean,
): { readonly tensors: readonly NamedDataset[]; readonly warnings: readonly string[] } {
  const legacy =
    paths.length === 0 ? undefined : ['/model_weights', '/'].find((root) => paths.some((path) => path.startsWith(root)) && isModel(root));
  const numbered = paths.some((path) => VARIABLE.test(path));
  const relative = (path: string) => path.slice(1);
  if (legacy === undefined && !numbered) return { tensors: paths.map((path) => ({ name: relative(path), path })), warnings: [] };

  const kept = paths.filter((path) => !/^\/(?:optimizer(?:_weights)?|_?metrics)\//.test(path));
  const left = paths.length - kept.length;
  const prefix = legacy === '/model_weights' ? '/model_weights/' : '/';
  const names = kept.map((path) => {
    if (legacy === undefined) return ofVariable(relative(path));
    return path.startsWith(prefix) ? withoutRepeat(path.slice(prefix.length)) : relative(path);
  });
  const taken = new Map<string, number>();
  for (const name of names) taken.set(name, (taken.get(name) ?? 0) + 1);
  const unique = names.map((name, i) => (taken.get(name) === 1 ? name : relative(kept[i]!)));
  return {
    tensors: kept.map((path, i) => ({ name: unique[i]!, path })),
    warnings:
      left === 0
        ? []
        : [`${left} variable${left === 1 ? '' : 's'} of the training (optimizer, metrics) ${left === 1 ? 'is' : 'are'} left out.`],
  };
}

function ofVariable(path: string): string {
  const match = VARIABLE.exec(path);
  if (match === null) return path;
  const layer = match[1]!.replaceAll(LAYERS, '$1');
  const last = layer.split('/').at(-1)!;
  const first = /embedding/.test(last) ? 'embeddings' : /norm/.test(last) ? 'gamma' : 'kernel';
  const second = /cell|rnn|lstm|gru/.test(last) ? 'recurrent_kernel' : /norm/.test(last) ? 'beta' : 'bias';
  return [layer, [first, second][Number(match[2])] ?? `vars/${match[2]}`].filter((part) => part !== '').join('/');
}

/** `dense/dense/kernel:0`: a layer's group, and in it the variable's whole name. */
function withoutRepeat(path: string): string {
  const [layer = '', ...rest] = path.split('/');
  return rest.length > 1 && rest[0] === layer ? rest.join('/') : path;
}
