from __future__ import annotations

from django.contrib import admin
from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.urls import include, path

from chat import views

urlpatterns = [
    path("", views.index, name="index"),
    path("widget/", views.demo, {"name": "widget"}, name="widget"),
    path("plain/", views.demo, {"name": "page"}, name="page"),
    path("vanilla/", views.demo, {"name": "vanilla"}, name="vanilla"),
    path("alpine/", views.demo, {"name": "alpine"}, name="alpine"),
    path("vue/", views.demo, {"name": "vue"}, name="vue"),
    path("react/", views.demo, {"name": "react"}, name="react"),
    path("api/chat/stream", views.chat, name="chat"),
    path("mindwave/", include("mindwave_django.urls")),
    path("admin/", admin.site.urls),
    *staticfiles_urlpatterns(),  # under DEBUG, for servers other than runserver
]
