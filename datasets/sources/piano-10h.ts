import { found, type Source, type Split } from './source.ts';
import { noManifest } from './text.ts';

const SPLITS: readonly Split[] = ['train', 'validation', 'test'];
const PLACE = /^(train|validation|test)\/([ab])\/([\w.-]+)\/[^/]+$/;

/**
 * Piano-10h is not public; this is the layout that is expected of such a set: `<split>/<pianist a or b>/<piece>/` with the five views as
 * `front.mp4` … `pedal.mp4`, `audio.wav` and `midi.mid`. Clips of one piece by both pianists form preference pairs.
 */
export const piano10h: Source = {
  summary: 'Piano-10h: <split>/<a or b>/<piece>/{front,top,left,right,pedal}.mp4 audio.wav midi.mid',
  async *read(root, media) {
    const known = new Set(media.paths);
    const folders = new Set(media.paths.filter((path) => PLACE.test(path)).map((path) => path.slice(0, path.lastIndexOf('/'))));
    if (folders.size === 0) throw noManifest(root, 'folders <split>/<a or b>/<piece>, with front.mp4 and others');
    for (const folder of folders) {
      const [first = '', pianist = '', piece = ''] = folder.split('/');
      const view = (name: string) => `${folder}/${name}.mp4`;
      const [audio, midi] = [`${folder}/audio.wav`, `${folder}/midi.mid`];
      const views = { front: view('front'), top: view('top'), left: view('left'), right: view('right'), pedal: view('pedal') };
      const lacking = [...Object.values(views), audio, midi].filter((path) => !known.has(path));
      const entry = {
        id: `${piece}-${pianist}`,
        set: 'piano' as const,
        split: SPLITS.find((split) => split === first) ?? 'train',
        captions: ['piano playing'],
        audio,
        midi,
        views,
        label: 'piano',
        piece,
        pianist,
      };
      yield found(entry, lacking.length === 0 ? views.front : undefined, lacking.join(', '));
    }
  },
};
