using EfQat.Display;
using EfQat.Jupyter.Protocol;
using EfQat.Jupyter.Transport;

namespace EfQat.Jupyter.Kernel;

/// <summary>One cell's way to the front end: what it shows, prints and asks, under the request that it came with.</summary>
sealed class CellOutput(KernelSockets sockets, Message request, bool isSilent, bool allowStdin) : ICellHost
{
    public void Show(MimeBundle bundle, string id, bool update) =>
        Publish(update ? "update_display_data" : "display_data", new DisplayData(bundle.ToJson(), [], new(id)));

    public void Clear(bool wait) => Publish("clear_output", new ClearOutput(wait));

    public void Write(string text, bool isError) => Publish("stream", new StreamText(isError ? "stderr" : "stdout", text));

    public void ShowResult(MimeBundle bundle, int count) => Publish("execute_result", new DisplayData(bundle.ToJson(), [], null, count));

    public string ReadLine(string prompt, bool isPassword)
    {
        if (!allowStdin) throw new InvalidOperationException("this front end cannot ask for input; set a variable in a cell instead of Console.ReadLine");
        while (sockets.Stdin.TryTake(out _)) { } // late answers to a cell that was stopped
        sockets.Send(Channel.Stdin, new(request.Identities, Header.Of("input_request"), request.Header, ProtocolJson.Write(new InputRequest(prompt, isPassword))));
        return ProtocolJson.Read<InputReply>(sockets.Stdin.Take().Content).Value;
    }

    void Publish(string type, object content)
    {
        if (isSilent) return;
        if (type != "stream") // outputs stay in the order of the cell's lines
        {
            CellConsole.FlushAll();
            NativeOutput.Flush();
        }
        sockets.Publish(request.Header, type, content);
    }
}
