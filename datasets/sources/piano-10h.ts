import { found, type Source } from './source.ts';
import { noManifest } from './text.ts';

const VIEWS = ['front', 'top', 'left', 'right', 'pedal'] as const;
const PLACE = /^(train|validation|test)\/(a|b)\/([\w.-]+)\/[^/]+$/;

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
      const [split = '', pianist = '', piece = ''] = folder.split('/');
      if (split !== 'train' && split !== 'validation' && split !== 'test') continue;
      const file = (name: string) => (known.has(`${folder}/${name}`) ? `${folder}/${name}` : undefined);
      const views = Object.fromEntries(VIEWS.flatMap((view) => [[view, file(`${view}.mp4`)] as const]).filter(([, path]) => path));
      const [audio, midi] = [file('audio.wav'), file('midi.mid')];
      const lacking = [...VIEWS.map((view) => `${view}.mp4`), 'audio.wav', 'midi.mid'].filter((name) => file(name) === undefined);
      const entry = {
        id: `${piece}-${pianist}`,
        set: 'piano' as const,
        split: split as 'train' | 'validation' | 'test',
        captions: ['piano playing'],
        audio,
        midi,
        views: views as Record<string, string>,
        label: 'piano',
        piece,
        pianist,
      };
      yield found(entry, lacking.length === 0 ? file('front.mp4') : undefined, `${lacking.join(', ')} in ${folder}`);
    }
  },
};
