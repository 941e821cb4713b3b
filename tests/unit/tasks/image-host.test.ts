import { expect, it, vi } from 'vitest';
import { openExportFolder } from '../../../src/tasks/export-folder.ts';
import { prepareImage, prepareImages } from '../../../src/tasks/image/image-host.ts';
import { readImageSettings } from '../../../src/tasks/image/image-settings.ts';
import { TaskThread } from '../../../src/tasks/task-thread.ts';
import { exportFolder, imageBytes } from '../../support/tasks/reference.ts';

const settings = await readImageSettings(openExportFolder('resnet', exportFolder('resnet-classifier')));

const photo = imageBytes('photo.jpg');

it('prepares the images of a list in their order', async () => {
  const list = ['photo.jpg', 'gray.png', 'photo.jpg'].map(imageBytes);
  const one = await Promise.all(list.map((image) => prepareImage(image, settings, 3)));
  expect(await prepareImages(list, settings, 3)).toEqual(one);
});

it('has no more images of a list at hand than there are threads, so that others have their turn', async () => {
  const { run } = TaskThread.prototype;
  let [atHand, most] = [0, 0];
  using spy = vi.spyOn(TaskThread.prototype, 'run').mockImplementation(async function (
    this: TaskThread<unknown>,
    job,
  ) {
    most = Math.max(most, ++atHand);
    try {
      return await run.call(this, job);
    } finally {
      atHand--;
    }
  });
  await prepareImages(new Array(12).fill(photo), settings, 3);
  expect(spy).toHaveBeenCalledTimes(12);
  expect(most).toBe(new Set(spy.mock.contexts).size);
});
