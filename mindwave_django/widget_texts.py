"""The words of the chat widget, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext as _


def widget_texts() -> dict[str, str]:
    """Return every text by the name that the scripts know it by; `{…}` is filled in there."""
    return _field() | _dialogue() | _trouble() | _list() | _figures()


def _field() -> dict[str, str]:
    return {
        "chat": _("Chat"),
        "openChat": _("Open the chat"),
        "close": _("Close"),
        "emptyTitle": _("How can I help?"),
        "prompt": _("Your question"),
        "placeholder": _("Ask anything…"),
        "hint": _("Enter to send · Shift+Enter for a new line"),
        "send": _("Send"),
        "stop": _("Stop"),
        "stopping": _("Stopping…"),
        "wait": _("Wait {seconds} s"),
    }


def _dialogue() -> dict[str, str]:
    return {
        "transcript": _("Conversation"),
        "question": _("You asked"),
        "answer": _("Answer"),
        "reasoning": _("Reasoning"),
        "waiting": _("Waiting for the model…"),
        "stillWaiting": _("Still waiting for the model…"),
        "started": _("The answer begins."),
        "finished": _("The answer is complete."),
        "stopped": _("Stopped"),
        "wasStopped": _("The answer was stopped."),
        "empty": _("The answer is empty."),
        "latest": _("Latest"),
        "earlier": _("Earlier messages"),
        "regenerate": _("Answer again"),
        "edit": _("Edit the question"),
        "cancel": _("Cancel"),
        "copy": _("Copy"),
        "copied": _("Copied"),
        "copyAnswer": _("Copy the answer"),
        "code": _("Code"),
        "table": _("Table"),
        "picture": _("Picture"),
    }


def _trouble() -> dict[str, str]:
    return {
        "retry": _("Retry"),
        "reload": _("Reload the page"),
        "show": _("Show it"),
        "reconnecting": _("Reconnecting…"),
        "reconnected": _("Connected again."),
        "connectionLost": _("Connection lost. What arrived is kept."),
        "interrupted": _("The answer was interrupted. What arrived is kept."),
        "notStopped": _("The answer could not be stopped. Try again."),
        "tryAgainIn": _("Try again in {seconds} s."),
        "loggedOut": _("You are not logged in. Reload the page to log in."),
        "forbidden": _("You are not allowed to do this."),
        "pageExpired": _("This page is out of date. Reload it and try again."),
        "busy": _("Another answer is being written in this conversation."),
        "notLatest": _("This conversation went on elsewhere."),
        "gone": _("This conversation does not exist any more."),
        "badAnswer": _("The server did not answer as expected."),
        "badAnswerStatus": _("The server did not answer as expected ({status})."),
    }


def _list() -> dict[str, str]:
    return {
        "conversations": _("Conversations"),
        "newConversation": _("New conversation"),
        "untitled": _("Untitled"),
        "noConversations": _("No conversations yet."),
        "more": _("More"),
        "menu": _("More about this conversation"),
        "title": _("Title"),
        "rename": _("Rename"),
        "delete": _("Delete"),
        "deleteQuestion": _("Delete this conversation?"),
    }


def _figures() -> dict[str, str]:
    return {
        "token": _("1 token"),
        "tokens": _("{count} tokens"),
        "tokensPerSecond": _("{count}/s"),
    }
