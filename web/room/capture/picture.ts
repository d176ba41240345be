const QUALITY = 0.8;
const GRAB_MS = 3_000;
const RGBA = { format: 'RGBA' } as const;

/** Of Chromium, and not in TypeScript's library: the frames of a track, also while the page is hidden. */
declare const MediaStreamTrackProcessor: new (options: { track: MediaStreamTrack; maxBufferSize: number }) => {
  readable: ReadableStream<VideoFrame>;
};

const within = <Value>(work: Promise<Value>, ms: number) =>
  Promise.race([work, new Promise<never>((_resolve, reject) => setTimeout(() => reject(new Error('no picture came')), ms))]);

async function nextFrame(track: MediaStreamTrack): Promise<VideoFrame> {
  const frames = new MediaStreamTrackProcessor({ track, maxBufferSize: 1 }).readable.getReader();
  const { value } = await within(frames.read(), GRAB_MS).finally(() => {
    frames.cancel().catch(() => undefined);
  });
  if (!value) throw new Error('no picture came');
  return value;
}

function scaled(image: CanvasImageSource, width: number, height: number, maxWidth: number): OffscreenCanvas {
  const scale = Math.min(1, maxWidth / width);
  const canvas = new OffscreenCanvas(Math.round(width * scale), Math.round(height * scale));
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** Copied, not drawn: each frame that Chromium draws stays decoded in a cache of hundreds of megabytes. */
async function copied(frame: VideoFrame, maxWidth: number): Promise<OffscreenCanvas> {
  const { displayWidth: width, displayHeight: height, visibleRect } = frame;
  const points = new Uint8ClampedArray(width * height * 4);
  const isUpright = !('rotation' in frame && frame.rotation) && visibleRect?.width === width && visibleRect.height === height;
  // An older browser copies only in the camera's format, which its size tells.
  if (!isUpright || frame.allocationSize(RGBA) !== points.length) return scaled(frame, width, height, maxWidth);
  await frame.copyTo(points, RGBA);
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d')?.putImageData(new ImageData(points, width, height), 0, 0);
  return width > maxWidth ? scaled(canvas, width, height, maxWidth) : canvas;
}

/** Pictures of one camera track, in Chromium also while the page is hidden. */
export function createPictures(track: MediaStreamTrack, stream: MediaStream) {
  let video: HTMLVideoElement | null = null;

  async function play(): Promise<HTMLVideoElement> {
    video ??= Object.assign(document.createElement('video'), { srcObject: stream, muted: true, playsInline: true });
    if (video.paused) await video.play();
    if (video.videoWidth === 0) throw new Error('no picture came');
    return video;
  }

  async function take(maxWidth: number): Promise<OffscreenCanvas> {
    if (!('MediaStreamTrackProcessor' in globalThis)) {
      const shown = await within(play(), GRAB_MS);
      return scaled(shown, shown.videoWidth, shown.videoHeight, maxWidth);
    }
    const frame = await nextFrame(track);
    try {
      return await copied(frame, maxWidth);
    } finally {
      frame.close();
    }
  }

  return {
    /** @returns a JPEG; null if the camera gives no picture */
    async jpeg(maxWidth: number): Promise<Blob | null> {
      try {
        return await (await take(maxWidth)).convertToBlob({ type: 'image/jpeg', quality: QUALITY });
      } catch {
        return null;
      }
    },

    /** The brightest value of the picture, 0 to 255; null if there is no picture. */
    async brightest(): Promise<number | null> {
      try {
        const canvas = await take(32);
        const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: new Uint8ClampedArray() };
        // Every fourth value says how opaque the point is.
        return data.reduce((most, value, at) => (at % 4 === 3 ? most : Math.max(most, value)), 0);
      } catch {
        return null;
      }
    },

    close(): void {
      if (video) video.srcObject = null;
    },
  };
}

export type Pictures = ReturnType<typeof createPictures>;
