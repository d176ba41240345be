/** The models that a picture may need, those of a verification first. */
export const imageModelNames = ['faces', 'mesh', 'faceres', 'landmarks', 'dlib', 'iris', 'objects', 'people'] as const;
export type ImageModelName = (typeof imageModelNames)[number];
