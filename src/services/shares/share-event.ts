/** `what` of an event that tells who watches a group: for staff only. */
export const SHARE = 'share';
