/** A tool cannot do what it was asked. The message tells the model what to do next. */
export class ToolFailure extends Error {
  override readonly name = 'ToolFailure';
}
