import sharp from 'sharp';
import { expect, it } from 'vitest';
import { openExportFolder } from '../../../src/tasks/export-folder.ts';
import { prepareImage, prepareImages } from '../../../src/tasks/image/image-host.ts';
import { readImageSettings } from '../../../src/tasks/image/image-settings.ts';
import { exportFolder, imageBytes } from '../../support/tasks/reference.ts';

const settings = await readImageSettings(openExportFolder('resnet', exportFolder('resnet-classifier')));

const photo = imageBytes('photo.jpg');

it('prepares the images of a list in their order', async () => {
  const list = ['photo.jpg', 'gray.png', 'photo.jpg'].map(imageBytes);
  const one = await Promise.all(list.map((image) => prepareImage(image, settings, 3)));
  expect(await prepareImages(list, settings, 3)).toEqual(one);
});

it('lets a request have its turn while a long list is prepared', async () => {
  const large = await sharp(photo).resize(1200, 900).jpeg().toBuffer();
  const ended: string[] = [];
  const many = prepareImages(new Array(24).fill(large), settings, 3).then(() => ended.push('many'));
  const one = prepareImages([photo], settings, 3).then(() => ended.push('one'));
  await Promise.all([many, one]);
  expect(ended).toEqual(['one', 'many']);
});
