import type { Exhibited, ExhibitGroup, ExhibitItem } from './model.ts';
import { drawSpectrogram, level, loudest, type MelPicture, melPicture } from './spectrogram.ts';
import { type Pcm, readWav } from './wav.ts';

export interface Media {
  readonly read: (name: string) => Promise<Uint8Array>;
  readonly write: (name: string, bytes: Uint8Array) => Promise<void>;
}

/** Longer sounds get no picture: it would show nothing, and cost memory. */
const longestBytes = 200 << 20;

/** Draws the spectrogram of every wav file. The versions of a clip share one brightness scale, so they can be compared by eye. */
export async function addSpectrograms<Model extends Exhibited>(model: Model, media: Media): Promise<Model> {
  const exhibits = [];
  for (const exhibit of model.exhibits) {
    const groups: ExhibitGroup[] = [];
    for (const group of exhibit.groups) groups.push({ ...group, items: await drawItems(group.items, media) });
    exhibits.push({ ...exhibit, groups });
  }
  return { ...model, exhibits };
}

interface Heard {
  readonly sound: Pcm;
  readonly picture: MelPicture;
}

async function drawItems(items: readonly ExhibitItem[], media: Media): Promise<ExhibitItem[]> {
  const heard: (Heard | undefined)[] = [];
  for (const { audio } of items) heard.push(audio === undefined ? undefined : await hear(audio, media));
  const top = Math.max(...heard.map((one) => (one === undefined ? -Infinity : loudest(one.picture))));
  return await Promise.all(
    items.map(async (item, i) => {
      const one = heard[i];
      if (one === undefined) return item;
      const image = `${item.audio}.spectrogram.png`;
      await media.write(image, drawSpectrogram(one.picture, top));
      const { samples, rate } = one.sound;
      return { ...item, spectrogram: { image, seconds: samples.length / rate, level: level(one.sound), highestHz: one.picture.highestHz } };
    }),
  );
}

/** undefined for a missing file or another format than wav: the player says so itself, and the report goes on. */
async function hear(audio: string, media: Media): Promise<Heard | undefined> {
  try {
    const bytes = await media.read(audio);
    if (bytes.length > longestBytes) return undefined;
    const sound = readWav(bytes);
    return sound.samples.length === 0 ? undefined : { sound, picture: melPicture(sound) };
  } catch {
    return undefined;
  }
}
