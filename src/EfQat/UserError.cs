namespace EfQat;

/// <summary>Something the user can put right. The message names the file or option, the field, and the remedy, in one line.</summary>
public sealed class UserError(string message) : Exception(message);
