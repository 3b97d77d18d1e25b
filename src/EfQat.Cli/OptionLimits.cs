using System.CommandLine;

namespace EfQat.Cli;

/// <summary>Limits that an option states itself, so that a wrong number is a usage error.</summary>
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
}
