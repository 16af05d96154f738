/** What an executor lends to its tasks; made once, when the executor starts. */
export interface TaskTools extends AsyncDisposable {}
