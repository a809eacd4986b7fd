"""./lab: the lab for people."""

from __future__ import annotations

import sys
from typing import Any

import click

from live_lab.controller import PASSWORD, USERNAME
from live_lab.errors import LabError, LabOfAnotherVersion
from live_lab.fault_cli import fault_command, heal_all_command, soak_command, split_brain_command
from live_lab.image import ImageWish, layers_for, prune_bases, prune_layers
from live_lab.image_cache import prune_unfinished
from live_lab.lab import Lab, LabWish, all_labs, remove
from live_lab.machine_image import prune_machine_images
from live_lab.network import SWITCHES
from live_lab.process import become
from live_lab.recipe import RELEASES, default_release
from live_lab.topology import LINKS, Scheme, plan_hosts

_NAME = click.option(
    "--name", default="lab", show_default=True, help="Which lab; several can run side by side."
)
_RELEASE = click.option("--release", type=click.Choice(RELEASES), default=default_release, show_default=True)
_PRODUCT = click.option(
    "--with-product/--without-product",
    default=True,
    show_default=True,
    help="Install the packages from dist/.",
)
# Whether a host has it says the host: only virtual machines have more than one interface for a network.
_LINK = click.argument("link", metavar="bond0|bond1|eth0…")
_SWITCH = click.argument("switch", type=click.Choice((*LINKS, *map(str, SWITCHES))))


class _Group(click.Group):
    """Says in one line what went wrong: whoever types ./lab wants no traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except LabError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Boots whole servers on this machine and breaks them on request."""


@main.command()
@_NAME
@_RELEASE
@_PRODUCT
@click.option("--media", type=int, default=1, show_default=True, help="Number of media hosts.")
@click.option("--replace", is_flag=True, help="Remove a running lab of this name first.")
@click.option(
    "--vm", is_flag=True, help="The heads get kernels of their own: bonding, DRBD, network file systems."
)
@click.option(
    "--scheme",
    type=click.Choice([scheme.value for scheme in Scheme]),
    help="How redundant the networks of such heads are; full unless told else.",
)
@click.option("--nas", is_flag=True, help="A NAS more: shares by CIFS and NFS, at 10.81.0.210.")
def up(*, name: str, scheme: str | None, vm: bool, **choices: Any) -> None:
    """Boot a fresh lab."""
    wish = LabWish(
        image=ImageWish(release=choices["release"], has_product=choices["with_product"]),
        media=choices["media"],
        scheme=Scheme(scheme or Scheme.FULL) if vm or scheme else None,
        has_nas=choices["nas"],
        is_owned=False,
        may_replace=choices["replace"],
    )
    lab = Lab.create(name, wish, announce=click.echo)
    _show(lab)
    click.echo(f"Enter a host: ./lab shell ivcs-main-1{_suffix(name)}    End: ./lab down{_suffix(name)}")


@main.command()
@_NAME
def down(*, name: str) -> None:
    """Remove the lab and everything it had."""
    remove(name)
    click.echo(f"Lab {name} is down.")


@main.command()
@click.option("--name", help="Only this lab.")
def status(*, name: str | None) -> None:
    """Show the labs of this machine; exit code 1 when there is none."""
    names = [name] if name else list(all_labs())
    for each in names:
        try:
            lab = Lab.attach(each)
        except LabOfAnotherVersion as error:
            # The others are to be seen all the same.
            click.echo(f"Lab {each} cannot be shown: {error}")
        else:
            _show(lab)
    if not names:
        click.echo("No lab is up. Run: ./lab up")
        sys.exit(1)


@main.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@_NAME
@click.argument("host")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def execute(*, name: str, host: str, command: tuple[str, ...]) -> None:
    """Run a command on a host, as root; its exit code, input and output are ours."""
    command = command[1:] if command[0] == "--" else command
    become(Lab.attach(name).host(host).enter(command))


@main.command()
@_NAME
@click.argument("host")
def shell(*, name: str, host: str) -> None:
    """Open a root shell on a host."""
    become(Lab.attach(name).host(host).enter(("bash", "-l"), environment=("TERM=xterm-256color",)))


@main.command("power-off")
@_NAME
@click.argument("host")
def power_off(*, name: str, host: str) -> None:
    """Power loss: everything on the host ends at once."""
    Lab.attach(name).host(host).power_off()


@main.command("power-on")
@_NAME
@click.argument("host")
def power_on(*, name: str, host: str) -> None:
    """Boot a host from its disk."""
    Lab.attach(name).host(host).power_on()


@main.command()
@_NAME
@click.argument("host")
@click.argument("state", type=click.Choice(("on", "off")))
def controller(*, name: str, host: str, state: str) -> None:
    """Switch a head's management controller (IPMI) on or off; it is off at first."""
    switched = Lab.attach(name).controller(host)
    if state == "off":
        switched.power_off()
        return
    switched.power_on()
    click.echo(f"ip={switched.address} username={USERNAME} lanplus=1 cipher=3    password: {PASSWORD}")


@main.command()
@_NAME
@click.argument("host")
@_LINK
def cut(*, name: str, host: str, link: str) -> None:
    """Pull the cables of a host's network, or that of one interface."""
    Lab.attach(name).cut(host, link)


@main.command()
@_NAME
@click.argument("host")
@_LINK
def heal(*, name: str, host: str, link: str) -> None:
    """Put them back."""
    Lab.attach(name).heal(host, link)


@main.command("switch-off")
@_NAME
@_SWITCH
def switch_off(*, name: str, switch: str) -> None:
    """A whole network, or switch 1 or 2 before the virtual machines, passes nothing any more."""
    Lab.attach(name).switch_down(switch)


@main.command("switch-on")
@_NAME
@_SWITCH
def switch_on(*, name: str, switch: str) -> None:
    """It works again."""
    Lab.attach(name).switch_up(switch)


@main.command("cut-between")
@_NAME
def cut_between(*, name: str) -> None:
    """The heads lose each other; everybody else still reaches both."""
    Lab.attach(name).cut_between()


@main.command("heal-between")
@_NAME
def heal_between(*, name: str) -> None:
    """The heads reach each other again."""
    Lab.attach(name).heal_between()


@main.command()
@_RELEASE
@_PRODUCT
def image(*, release: str, with_product: bool) -> None:
    """Build the images ahead of time, and remove old layers."""
    wish = ImageWish(release=release, has_product=with_product)
    for plan in plan_hosts(1):
        layers_for(plan, wish, click.echo)
    prune_layers(click.echo)
    prune_bases(click.echo)
    prune_machine_images(click.echo)
    prune_unfinished(click.echo)
    click.echo(f"The {release} image is ready.")


main.add_command(fault_command)
main.add_command(soak_command)
main.add_command(split_brain_command)
main.add_command(heal_all_command)
main.add_command(execute, "exec")
main.commands.pop("execute")


def _suffix(name: str) -> str:
    return "" if name == "lab" else f" --name {name}"


def _show(lab: Lab) -> None:
    kind = f", heads are virtual machines, network scheme {lab.scheme.value}" if lab.scheme else ""
    click.echo(f"Lab {lab.name} ({lab.release}{kind}):")
    for host in lab.hosts.values():
        addresses = "  ".join(f"{link} {address}" for link, address in host.addresses.items())
        click.echo(f"  {host.name:<14} {'on ' if host.is_running else 'off'}  {addresses}")
