import packageFile from '../package.json' with { type: 'json' }

/** The version of this action: `1.2.3`. Recorded with each image; not part of the build id. */
export const actionVersion: string = packageFile.version
