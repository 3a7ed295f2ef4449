import { readdirSync } from 'node:fs'
import path from 'node:path'

/** The files of records that came in while a profile was locked. */
export function spoolOf(data: string, profile: string): () => readonly string[] {
  return () => readdirSync(path.join(data, 'profiles', profile, 'spool'))
}
