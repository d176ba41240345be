/** Whether every object has a member of that name, as `constructor`: candidates name types and steps, and texts are found by them. */
export const isOfObjects = (slug: string): boolean => slug in Object.prototype;
