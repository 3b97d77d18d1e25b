using System.CommandLine;

namespace EfQat.Cli;

/// <summary>Limits that options and arguments state themselves, so that what is outside is a usage error.</summary>
static class OptionLimits
{
    /// <summary>Refuses whole numbers below <paramref name="least"/>.</summary>
    public static Option<T> AtLeast<T>(this Option<T> option, int least)
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && (!int.TryParse(token.Value, out var number) || number < least))
                result.AddError($"{option.Name}: '{token.Value}' is not a whole number of at least {least}");
        });
        return option;
    }

    /// <summary>Refuses words that look like options, which an argument would take otherwise.</summary>
    public static Argument<T> RefusingOptions<T>(this Argument<T> argument)
    {
        argument.Validators.Add(result =>
        {
            if (result.Tokens.FirstOrDefault(token => token.Value.StartsWith('-')) is { } option) result.AddError($"Unrecognized option '{option}'.");
        });
        return argument;
    }
}
