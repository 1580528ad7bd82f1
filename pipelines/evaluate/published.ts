import type { Settings } from './settings.ts';

/** Where a network comes from that judges sounds. What is not known is left out. */
export interface PublishedNetwork {
  /** Name below `<home>/weights` under which it is expected, unless a setting names another place. */
  readonly place: string;
  /** As its publisher gives it. */
  readonly source: string;
  readonly licence: string;
  /** Of what the publisher gives. */
  readonly size?: string;
  readonly digest?: string;
  /** How the publisher's file becomes the one that is read here. */
  readonly conversion?: string;
  /** Of a repository of the model hub: files that are run as they are. */
  readonly hub?: { readonly repository: string; readonly weights: readonly string[] };
  /** A tensor that its file has, by which it is told from others. */
  readonly tensor?: string;
}

/** A checkpoint of torch whose tensors have the released names. */
const toSafetensors = (part = '') =>
  `python3 -c 'import sys, torch; from safetensors.torch import save_file; save_file(torch.load(sys.argv[1], map_location="cpu")${part}, sys.argv[2])' <downloaded> <place>`;

/** Every network that an evaluation can be given; Basic Pitch and the codec come with the project. */
export const PUBLISHED_NETWORKS: Readonly<Record<keyof Settings['networks'], PublishedNetwork>> = {
  vggish: {
    place: 'vggish.safetensors',
    source: 'https://github.com/harritaylor/torchvggish/releases/download/v0.1/vggish-10086976.pth',
    licence: 'unknown; its code is Apache-2.0',
    digest: 'sha256 begins with 10086976, says the name',
    conversion: toSafetensors(),
    tensor: 'features.0.weight',
  },
  cnn14: {
    place: 'cnn14.safetensors',
    source: 'https://zenodo.org/records/3987831/files/Cnn14_16k_mAP%3D0.438.pth',
    licence: 'unknown; its code is MIT',
    size: 'about 358 MB',
    digest: 'md5 362fc5ff18f1d6ad2f6d464b45893f2c',
    conversion: toSafetensors('["model"]'),
    tensor: 'conv_block1.conv1.weight',
  },
  wav2clip: {
    place: 'wav2clip.safetensors',
    source: 'https://github.com/descriptinc/lyrebird-wav2clip/releases/download/v0.1.0-alpha/Wav2CLIP.pt',
    licence: 'unknown; its code is MIT',
    conversion: toSafetensors(),
    tensor: 'audio_encoder.conv1.weight',
  },
  passt: {
    place: 'passt.onnx',
    source: 'https://github.com/kkoutini/PaSST/releases/download/v0.0.1-audioset/passt-s-f128-p16-s10-ap.476-swa.pt',
    licence: 'unknown; its code is Apache-2.0',
    conversion: 'export it with its front end as ONNX: wave [1, samples] at 32 kHz → embedding',
  },
  clap: {
    place: 'clap-htsat-unfused',
    source: 'https://huggingface.co/Xenova/clap-htsat-unfused',
    licence: 'Apache-2.0',
    size: '118 MB (sounds) and 502 MB (captions)',
    digest: 'of text_model.onnx sha256 6df7c51f2d78e236a03f2b816e613d538c815639d13644fe7c2124f439da9648',
    hub: { repository: 'Xenova/clap-htsat-unfused', weights: ['onnx/audio_model.onnx', 'onnx/text_model.onnx'] },
  },
  clip: {
    place: 'clip-vit-base-patch32',
    source: 'https://huggingface.co/Xenova/clip-vit-base-patch32',
    licence: 'unknown; its code is MIT',
    hub: { repository: 'Xenova/clip-vit-base-patch32', weights: ['onnx/vision_model.onnx'] },
  },
};
