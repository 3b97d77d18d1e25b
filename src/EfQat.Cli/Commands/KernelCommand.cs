using System.CommandLine;
using System.Text.Json.Nodes;
using EfQat.Display;
using EfQat.Jupyter.Kernel;
using EfQat.Jupyter.Transport;

namespace EfQat.Cli.Commands;

/// <summary><c>efqat kernel</c>: the C# kernel for Jupyter notebooks.</summary>
static class KernelCommand
{
    const string Folder = "efqat-csharp";

    static readonly Option<bool> User = new("--user") { Description = "For this user (the default)" };
    static readonly Option<string?> Prefix = new("--prefix") { Description = "For the installation below this folder, as in PREFIX/share/jupyter" };

    public static Command Create() => new("kernel", "The C# kernel for Jupyter notebooks") { Install(), Uninstall(), Run() };

    static ExampleCommand Install() => new ExampleCommand(
        "install", "Tell Jupyter and VS Code where the kernel is", "efqat kernel install", "efqat kernel install --prefix /usr/local")
    {
        User,
        Prefix,
    }.Does((parsed, _) =>
    {
        var spec = new JsonObject
        {
            ["argv"] = new JsonArray([.. Program().Select(word => (JsonNode)word), "kernel", "run", "{connection_file}"]),
            ["display_name"] = "C# (EfQat)",
            ["language"] = "C#",
            ["interrupt_mode"] = "message",
        };
        var file = Path.Combine(SpecFolder(parsed), "kernel.json");
        WholeFile.Write(file, spec.ToJsonString(Json.Results) + "\n");
        parsed.InvocationConfiguration.Output.WriteLine($"installed {file}");
        return CommandLine.Ok;
    });

    static ExampleCommand Uninstall() => new ExampleCommand(
        "uninstall", "Take the kernel off the list", "efqat kernel uninstall", "efqat kernel uninstall --prefix /usr/local")
    {
        User,
        Prefix,
    }.Does((parsed, _) =>
    {
        var folder = SpecFolder(parsed);
        if (!Directory.Exists(folder)) throw new UserError($"{folder}: no kernel is installed there; jupyter kernelspec list names the places");
        Directory.Delete(folder, recursive: true);
        parsed.InvocationConfiguration.Output.WriteLine($"removed {folder}");
        return CommandLine.Ok;
    });

    static ExampleCommand Run()
    {
        var file = new Argument<string>("connection-file") { Description = "Written by the front end" }.RefusingOptions();
        return new ExampleCommand("run", "Be the kernel; front ends call this", "efqat kernel run /run/user/1000/jupyter/kernel-1.json")
        {
            file,
        }.Does((parsed, token) =>
        {
            using var kernel = new JupyterKernel(ConnectionFile.Read(parsed.GetValue(file)!));
            kernel.Wait(token);
            return CommandLine.Ok;
        });
    }

    /// <summary>How this very program is started: by its own name, or by dotnet where it is a library.</summary>
    internal static string[] Program() => Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) != "dotnet"
        ? [path]
        : [Environment.ProcessPath ?? "dotnet", typeof(KernelCommand).Assembly.Location];

    /// <summary>Jupyter's folder for specs: https://jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs.</summary>
    static string SpecFolder(ParseResult parsed)
    {
        var prefix = parsed.GetValue(Prefix);
        if (prefix is not null && parsed.GetValue(User)) throw new UserError("--user and --prefix exclude each other; give one");
        var data = prefix is not null ? Path.Combine(prefix, "share", "jupyter")
            : Environment.GetEnvironmentVariable("JUPYTER_DATA_DIR") is { Length: > 0 } set ? set
            : OperatingSystem.IsWindows() ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData), "jupyter")
            : OperatingSystem.IsMacOS() ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), "Library", "Jupyter")
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "jupyter");
        return Path.Combine(data, "kernels", Folder);
    }
}
