/** How tabs look that choose between a few ways to the same end. */
export const segmentsClass = 'flex flex-wrap gap-1 rounded-lg bg-hover p-1'
/** Where a row is too short for all of them. */
export const segmentPairsClass = 'grid grid-cols-2 gap-1 rounded-lg bg-hover p-1'
export const segmentClass =
  'flex flex-auto items-center justify-center rounded-md px-3 py-1.5 text-center text-sm data-[selected]:bg-raised data-[selected]:font-medium ' +
  'data-[selected]:shadow-sm forced-colors:data-[selected]:outline'
