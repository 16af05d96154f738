export { openPasswords, type Passwords, type Verdict } from './passwords.ts'
