/** Length of the id of a slot at the server, where two devices meet. */
export const slotIdBytes = 16
