from __future__ import annotations

from django.contrib import admin
from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.urls import include, path

from chat import views

urlpatterns = [
    path("", views.widget, name="widget"),
    path("plain/", views.page, name="page"),
    path("api/chat/stream", views.chat, name="chat"),
    path("mindwave/", include("mindwave_django.urls")),
    path("admin/", admin.site.urls),
    *staticfiles_urlpatterns(),  # under DEBUG, for servers other than runserver
]
