import packageFile from '../package.json' with { type: 'json' }

/** Of the action itself: `1.2.3`. It stands beside an image, and decides nothing: what is the same image does not depend on it. */
export const actionVersion: string = packageFile.version
