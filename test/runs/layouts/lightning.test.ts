import { expect, test } from 'vitest';
import { lightning } from '../../../src/runs/layouts/lightning';
import { directoryTree, lines, numbersIn, recognised, torchBytes, write } from '../directory-tree';

test('files are ordered by step; versions stay, links and copies of the last do not', async () => {
  const root = directoryTree({
    'epoch=0-step=100.ckpt': torchBytes,
    'epoch=0-step=100-v1.ckpt': torchBytes,
    'epoch=9-step=1000.ckpt': torchBytes,
    'epoch=10-step=1100.ckpt': '',
    'last.ckpt': { link: 'epoch=9-step=1000.ckpt' },
    'hparams.yaml': 'lr: 1',
  });
  const run = await recognised(lightning, root);
  expect(lines(run)).toEqual([
    'epoch=0-step=100.ckpt 100 none: *.ckpt',
    'epoch=0-step=100-v1.ckpt 100 none: *.ckpt',
    'epoch=9-step=1000.ckpt 1000 none: *.ckpt',
    'epoch=10-step=1100.ckpt 1100 waits for epoch=10-step=1100.ckpt to be written: *.ckpt',
  ]);
  expect(run.missing).toEqual([]);
  expect((await numbersIn(run.checkpoints[1]!, '*.ckpt', 'state_dict.0.weight'))[0]).toBeCloseTo(-1.42596, 5);

  write(root, { 'last-v1.ckpt': torchBytes });
  expect((await recognised(lightning, root)).missing).toEqual(['last-v1.ckpt lies beside the checkpoints and is left aside.']);
});

test('metrics in the names are no steps, and without steps epochs count', async () => {
  const root = directoryTree({ 'vit-epoch=02-val_loss=0.31.ckpt': torchBytes, 'vit-epoch=10-val_loss=0.29.ckpt': torchBytes });
  expect(lines(await recognised(lightning, root))).toEqual([
    'vit-epoch=02-val_loss=0.31.ckpt 2 none: *.ckpt',
    'vit-epoch=10-val_loss=0.29.ckpt 10 none: *.ckpt',
  ]);
});

test('folders of shards are known by their plan', async () => {
  const folder = 'epoch=0-step=50.ckpt';
  const root = directoryTree({ [`${folder}/__0_0.distcp`]: 'x', [`${folder}/meta.pt`]: torchBytes });
  expect(lines(await recognised(lightning, root))).toEqual([`${folder} 50 waits for .metadata:`]);
  write(root, { [`${folder}/.metadata`]: 'x' });
  const run = await recognised(lightning, root);
  expect(lines(run)).toEqual([`${folder} 50 complete: .metadata`]);
  expect(run.missing).toEqual([]);
});

test('other names are not claimed', async () => {
  expect(
    await lightning.recognise(directoryTree({ 'last.ckpt': torchBytes, 'model-1.ckpt': torchBytes, 'epoch=1.pt': torchBytes })),
  ).toBeNull();
});
