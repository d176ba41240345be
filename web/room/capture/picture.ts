const QUALITY = 0.8;
const GRAB_MS = 3_000;

const within = <Value>(work: Promise<Value>, ms: number) =>
  Promise.race([work, new Promise<never>((_resolve, reject) => setTimeout(() => reject(new Error('no picture came')), ms))]);

/** Pictures of one camera track, also while the page is hidden. */
export function createPictures(track: MediaStreamTrack, stream: MediaStream) {
  // Chromium only.
  const grabber = 'ImageCapture' in globalThis ? new ImageCapture(track) : null;
  let video: HTMLVideoElement | null = null;

  async function play(): Promise<HTMLVideoElement> {
    video ??= Object.assign(document.createElement('video'), { srcObject: stream, muted: true, playsInline: true });
    if (video.paused) await video.play();
    return video;
  }

  async function draw(maxWidth: number): Promise<OffscreenCanvas> {
    const image = grabber ? await within(grabber.grabFrame(), GRAB_MS) : await within(play(), GRAB_MS);
    const [width, height] = image instanceof HTMLVideoElement ? [image.videoWidth, image.videoHeight] : [image.width, image.height];
    if (width === 0) throw new Error('no picture came');
    const scale = Math.min(1, maxWidth / width);
    const canvas = new OffscreenCanvas(Math.round(width * scale), Math.round(height * scale));
    canvas.getContext('2d', { willReadFrequently: maxWidth < 100 })?.drawImage(image, 0, 0, canvas.width, canvas.height);
    if (!(image instanceof HTMLVideoElement)) image.close();
    return canvas;
  }

  return {
    /** @returns a JPEG; null if the camera gives no picture */
    async jpeg(maxWidth: number): Promise<Blob | null> {
      try {
        return await (await draw(maxWidth)).convertToBlob({ type: 'image/jpeg', quality: QUALITY });
      } catch {
        return null;
      }
    },

    /** The brightest value of the picture, 0 to 255; null if there is no picture. */
    async brightest(): Promise<number | null> {
      try {
        const canvas = await draw(32);
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
